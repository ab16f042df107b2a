"""emulator.functions_host.route_template: ASP.NET Core's templates and paths."""

import pytest

from emulator.functions_host.route_template import InvalidTemplate, RouteTemplate, decoded_path


@pytest.mark.parametrize(
    ("template", "path", "values"),
    [
        ("api/hello", "/api/hello", {}),
        ("api/hello", "/API/Hello", {}),
        ("api/hello", "/api/hello/", {}),
        ("api/hello", "/api/hello//", None),
        ("api/hello", "/api//hello", None),
        ("api/hello", "/api/hello/you", None),
        ("api/hello", "/api", None),
        ("/hello/", "/hello", {}),
        ("", "/", {}),
        ("", "/x", None),
        ("items/{id}", "/items/A b", {"id": "A b"}),
        ("items/{id}", "/items/", None),
        ("items/{id?}", "/items/7", {"id": "7"}),
        ("items/{id?}", "/items", {}),
        ("items/{id?}", "/items//", None),
        ("items/{id=1}", "/items", {"id": "1"}),
        ("items/{id=1}", "/items/2", {"id": "2"}),
        ("{a=x}/{b=y}", "/", {"a": "x", "b": "y"}),
        ("{a?}/b", "/b", None),
        ("files/{*path}", "/files/a/b", {"path": "a/b"}),
        ("files/{**path}", "/files/a//b/", {"path": "a//b/"}),
        ("files/{*path}", "/files", {}),
        ("files/{*path}", "/files//a", None),
        ("files/{*path=top}", "/files/", {"path": "top"}),
        ("files/{name}.{extension}", "/files/a.tar.gz", {"name": "a.tar", "extension": "gz"}),
        ("files/{name}.{extension?}", "/files/a.txt", {"name": "a", "extension": "txt"}),
        ("files/{name}.{extension?}", "/files/a", {"name": "a"}),
        ("files/{name}.{extension?}", "/files/a.", None),
        ("v{major:int}-{minor:int}/x", "/V1-2/x", {"major": "1", "minor": "2"}),
        ("v{major:int}-{minor:int}/x", "/v1/x", None),
        ("odd/{{braces}}", "/odd/{braces}", {}),
        ("{file-name}", "/x", {"file-name": "x"}),
        ("a+b", "/aab", None),
    ],
)
def test_a_template_matches_as_in_asp_net_core(template: str, path: str, values: dict[str, str] | None) -> None:
    """Literals ignore case, a trailing slash is tolerated, absent optionals are absent, a catch-all takes the rest."""
    assert RouteTemplate(template).match(path) == values


@pytest.mark.parametrize(
    ("constraint", "accepted", "refused"),
    [
        ("int", ["0", "-5", "+5", " 5 ", "2147483647"], ["2147483648", "5.0", "five", "٥"]),
        ("long", ["-9223372036854775808"], ["9223372036854775808", "1" * 5000]),
        ("bool", ["true", "FALSE"], ["1", "yes"]),
        (
            "guid",
            ["6f9619ff8b86d011b42d00c04fc964ff", "{6F9619FF-8B86-D011-B42D-00C04FC964FF}"],
            ["6f9619ff", "{6F9619FF-8B86-D011-B42D-00C04FC964FF"],
        ),
        ("decimal", ["1", "-1.5", ".5", "1,000.25"], ["1e3", "9" * 30, "x"]),
        ("double", ["1", "-1.5", "1e3", "NaN", "-Infinity"], ["x", "1e", "--1"]),
        ("float", ["1.5"], ["x"]),
        (
            "datetime",
            ["2016-12-31", "2016-12-31T07:45:00Z", "12-31-2016", "12-25-2009 11:45pm"],
            ["31-12-2016", "x", "2016"],
        ),
        ("alpha", ["abcXYZ"], ["abc1", "ä"]),
        ("length(3)", ["abc"], ["ab", "abcd"]),
        ("length(2,3)", ["ab", "abc"], ["a", "abcd"]),
        ("minlength(2)", ["ab"], ["a"]),
        ("maxlength(2)", ["ab"], ["abc"]),
        ("min(18)", ["18", "19"], ["17", "x"]),
        ("max(120)", ["120", "-1"], ["121"]),
        ("range(18, 120)", ["18", "120"], ["17", "121"]),
        (r"regex(^\d{{3}}-x$)", ["123-X"], ["12-x", "a123-x"]),
        ("regex(b)", ["abc"], ["ac"]),
        ("regex(^(a|b)c:d$)", ["ac:d"], ["cc:d"]),
        ("required", ["x"], []),
        ("alpha:minlength(2):maxlength(3)", ["ab", "abc"], ["a", "abcd", "ab1"]),
        ("Int", ["1"], ["x"]),
    ],
)
def test_constraints(constraint: str, accepted: list[str], refused: list[str]) -> None:
    """Each constraint accepts what its .NET parser accepts, all of several must hold, and their names ignore case."""
    template = RouteTemplate(f"x/{{value:{constraint}}}")
    assert {value: template.match(f"/x/{value}") for value in accepted} == {v: {"value": v} for v in accepted}
    assert {value: template.match(f"/x/{value}") for value in refused} == dict.fromkeys(refused)


@pytest.mark.parametrize(
    ("template", "path", "values"),
    [
        ("x/{id:int?}", "/x", {}),
        ("x/{id:int?}", "/x/y", None),
        ("x/{id:int=5}", "/x", {"id": "5"}),
        ("x/{id:int=five}", "/x", None),
        ("x/{*path:minlength(2)}", "/x", None),
    ],
)
def test_a_constraint_and_an_absent_value(template: str, path: str, values: dict[str, str] | None) -> None:
    """A constraint is not applied to an absent optional, but to a default, and it refuses an empty catch-all."""
    assert RouteTemplate(template).match(path) == values


@pytest.mark.parametrize(
    "template",
    [
        "a//b",
        "{a",
        "a}",
        "{}",
        "a?b",
        "{a}{b}",
        "{a}/{A}",
        "{*path}/b",
        "x{*path}",
        "{*path?}",
        "{a=1?}",
        "{a?}.{b}",
        "{a}-{b?}",
        "{a:unknown}",
        "{a:int(5)}",
        "{a:length}",
        "{a:min(x)}",
        "{a:regex([)}",
    ],
)
def test_invalid_templates_are_refused(template: str) -> None:
    """The error quotes the template."""
    with pytest.raises(InvalidTemplate) as refused:
        RouteTemplate(template)
    assert f"'{template}'" in str(refused.value)


def test_precedence_goes_from_specific_to_general() -> None:
    """A literal, a constrained parameter, a parameter, a catch-all: the first segment that differs decides."""
    from_specific_to_general = ["a/b", "a/{x:int}", "a/{x}", "a/{*x:alpha}", "a/{*x}", "{x}/b", "{*x}"]
    templates = [RouteTemplate(text) for text in reversed(from_specific_to_general)]
    assert [template.text for template in sorted(templates, key=lambda t: t.precedence)] == from_specific_to_general


@pytest.mark.parametrize(
    ("raw_path", "path"),
    [
        (b"/a%20b/%C3%BC", "/a b/ü"),
        (b"/a%2Fb%2fc", "/a%2Fb%2fc"),
        (b"/%252F", "/%2F"),
        (b"/100%/%zz/%ff", "/100%/%zz/%ff"),
        (b"/a+b", "/a+b"),
        (b"/a/./b/../c", "/a/c"),
        (b"/a/%2E%2E/c", "/c"),
        (b"/../..", "/"),
        (b"/a/b/..", "/a/"),
        (b"/a/...", "/a/..."),
        (b"/a//b", "/a//b"),
    ],
)
def test_a_path_is_decoded_as_kestrel_does(raw_path: bytes, path: str) -> None:
    """%2F and invalid UTF-8 stay encoded; dot segments are removed after decoding."""
    assert decoded_path(raw_path) == path

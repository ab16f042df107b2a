"""Conversions, as in Microsoft's reference; content objects as connectors return files."""

import base64

import pytest

from tests.workflow_player.flows import mistake_of, value_of

PNG = {"$content-type": "image/png", "$content": "iVBORw0KGgo="}
TEXT = {"$content-type": "text/csv", "$content": base64.b64encode("a;é".encode()).decode()}
BODY = {"png": PNG, "text": TEXT, "o": {"a": [1, "é"]}}


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("base64('hello')", "aGVsbG8="),
        ("base64(triggerBody()['png'])", "iVBORw0KGgo="),
        ("base64ToString('aGVsbG8=')", "hello"),
        ("base64ToString(base64(triggerBody()['text']))", "a;é"),
        ("base64ToBinary('aGVsbG8=')", {"$content-type": "application/octet-stream", "$content": "aGVsbG8="}),
        ("string(triggerBody()['text'])", "a;é"),
        ("string(triggerBody()['o'])", '{"a":[1,"é"]}'),
        ("string(10)", "10"),
        ("string(null)", ""),
        ("json('{\"a\": [1]}')", {"a": [1]}),
        ("json('null')", None),
        ("int('10')", 10),
        ("float('10.333')", 10.333),
        ("bool('TRUE')", True),
        ("bool(0)", False),
        ("isInt('10')", True),
        ("isFloat('a')", False),
        ("array('hello')", ["hello"]),
        ("createArray('h', 'e')", ["h", "e"]),
        ("dataUri('hello')", "data:text/plain;charset=utf-8;base64,aGVsbG8="),
        ("dataUri(triggerBody()['png'])", "data:image/png;base64,iVBORw0KGgo="),
        ("dataUriToString('data:text/plain;charset=utf-8;base64,aGVsbG8=')", "hello"),
        ("encodeUriComponent('https://contoso.com/a b')", "https%3A%2F%2Fcontoso.com%2Fa%20b"),
        ("decodeUriComponent('%0A')", "\n"),
        ("uriComponentToString('https%3A%2F%2Fcontoso.com')", "https://contoso.com"),
        ("uriHost('https://www.contoso.com:8080/a?b=c')", "www.contoso.com"),
        ("uriPathAndQuery('https://www.contoso.com/a?b=c')", "/a?b=c"),
        ("uriPort('https://www.contoso.com/')", 443),
        ("uriQuery('https://www.contoso.com/a?b=c')", "?b=c"),
    ],
)
def test_examples(expression, value):
    """The value of each call."""
    assert value_of("@" + expression, BODY) == value


@pytest.mark.parametrize(
    "expression",
    [
        "int('1.5')",
        "int(null)",
        "float('x')",
        "bool('yes')",
        "json('{')",
        "json(null)",
        "base64(triggerBody()['o'])",
        "base64ToString('é')",
    ],
)
def test_what_has_no_value(expression):
    """The action fails: base64 takes a text or the content of a file, and no other object."""
    assert mistake_of("@" + expression, BODY)

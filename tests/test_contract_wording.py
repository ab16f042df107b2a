"""openapi.yaml in words: what makers and models read keeps to the rules of all who show it to them.

The rules are those of Power Platform's certification, of OpenAI's GPT actions (300 and 700 characters), and of Semantic
Kernel, which takes a body's members and the parameters for the arguments of one function.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import pytest

from connector.contract.published import PublishedOperation, published_operations
from connector.contract.validation import METHODS, read_document, resolved

SOURCE = read_document()
DOCUMENT = resolved(SOURCE, SOURCE)
SMALL_WORDS = {"a", "an", "and", "as", "at", "by", "for", "in", "of", "on", "or", "the", "to", "with"}
PROPER_NAMES = {"Python", "OpenAPI", "Swagger", "ID"}
PRODUCTS = re.compile(r"\bAPIs?\b|Copilot|Power ?(Platform|Automate|Apps)|Logic ?Apps|https?:|www\.")

Json = dict[str, Any]


class Entry(NamedTuple):
    """Something that is shown, and where it stands."""

    place: str
    shown: Json


def operations() -> Iterator[Entry]:
    for item in DOCUMENT["paths"].values():
        for method in METHODS:
            if method in item:
                shared = item.get("parameters", [])
                yield Entry(
                    item[method]["operationId"],
                    {**item[method], "parameters": [*shared, *item[method].get("parameters", [])]},
                )


def members(place: str, schema: Json) -> Iterator[Entry]:
    for name, member in schema.get("properties", {}).items():
        yield Entry(f"{place}.{name}", member)
        yield from members(f"{place}.{name}", member)
    yield from members(f"{place}[]", schema["items"]) if "items" in schema else ()


OPERATIONS = list(operations())
PARAMETERS = [Entry(f"{place}.{shown['name']}", shown) for place, o in OPERATIONS for shown in o["parameters"]]
BODIES = [
    Entry(f"{place} takes {media_type}", media["schema"])
    for place, operation in OPERATIONS
    for media_type, media in operation.get("requestBody", {}).get("content", {}).items()
]
ANSWERS = [
    Entry(f"{place} answers {status}", media["schema"])
    for place, operation in OPERATIONS
    for status, response in operation["responses"].items()
    for media in response.get("content", {}).values()
    if status.startswith("2") or status == "default"  # other errors look like the last
]
PUBLISHED = [pytest.param(operation, id=operation.entry["operationId"]) for operation in published_operations(SOURCE)]

MEMBERS = [member for body in BODIES for member in members(*body)]
INPUTS = PARAMETERS + MEMBERS
OUTPUTS = [member for answer in ANSWERS for member in members(*answer)]
ALL = OPERATIONS + INPUTS + OUTPUTS


def is_sentence_case(text: str) -> bool:
    first, *rest = text.split()
    return first[0].isupper() and all(word.islower() or word in PROPER_NAMES for word in rest)


def is_title_case(text: str) -> bool:
    first, *rest = re.findall(r"[^\W\d_]+", text)
    return first[0].isupper() and all(word[0].isupper() or word in SMALL_WORDS for word in rest)


def has_limits(schema: Json) -> bool:
    kind = schema["type"]
    if kind == "string":
        return "maxLength" in schema or "enum" in schema or schema.get("format") in ("byte", "binary")
    return {"integer": {"minimum", "maximum"}, "array": {"minItems", "maxItems"}}.get(kind, set()) <= schema.keys()


Rule = Callable[[Json], bool]

RULES: list[tuple[str, list[Entry], Rule]] = [
    ("operationId: letters", OPERATIONS, lambda o: bool(re.fullmatch("[A-Z][A-Za-z]+", o["operationId"]))),
    ("summary: length", OPERATIONS, lambda o: 10 <= len(o["summary"]) <= 80),
    ("summary: characters", OPERATIONS, lambda o: bool(re.fullmatch(r"[A-Za-z0-9 ()]*[A-Za-z0-9]", o["summary"]))),
    ("summary: sentence case", OPERATIONS, lambda o: is_sentence_case(o["summary"])),
    ("description: length", OPERATIONS, lambda o: 20 <= len(o["description"]) <= 300),
    ("description: more than the summary", OPERATIONS, lambda o: o["summary"] not in o["description"]),
    ("description: length", INPUTS + OUTPUTS, lambda e: len(e["description"]) <= 700),
    ("description: more than the title", INPUTS + OUTPUTS, lambda e: e["x-ms-summary"] + "." != e["description"]),
    ("description: a sentence", ALL, lambda e: bool(re.fullmatch(r"[A-Z].*[^.]\.", e["description"]))),
    ("description: no product, no address", ALL, lambda e: not PRODUCTS.search(e["description"])),
    ("title: length", INPUTS + OUTPUTS, lambda e: len(e["x-ms-summary"]) <= 80),
    ("title: title case", INPUTS + OUTPUTS, lambda e: is_title_case(e["x-ms-summary"])),
    ("title: no product", INPUTS + OUTPUTS, lambda e: not PRODUCTS.search(e["x-ms-summary"])),
    ("visibility", ALL, lambda e: e.get("x-ms-visibility") in (None, "important", "advanced", "internal")),
    ("visibility: required", PARAMETERS, lambda p: not p.get("required") or p["x-ms-visibility"] == "important"),
    ("name: not the connector's own", PARAMETERS, lambda p: p["name"] != "connectionId"),
    ("limits", PARAMETERS, lambda p: has_limits(p["schema"])),
    ("limits", MEMBERS, has_limits),
    ("example", [m for m in MEMBERS if m.shown["type"] in ("string", "integer")], lambda m: "example" in m),
]  # fmt: skip


@pytest.mark.parametrize(("entries", "rule"), [pytest.param(*row[1:], id=row[0]) for row in RULES])
def test_words_and_limits(entries: list[Entry], rule: Rule):
    """All that is shown keeps to the rule."""
    assert not {entry.place: entry.shown for entry in entries if not rule(entry.shown)}


def test_title_and_description_of_the_connector():
    """A maker finds it by them, and an agent chooses it by them."""
    info = DOCUMENT["info"]
    assert len(info["title"]) <= 30
    assert 30 <= len(info["description"]) <= 500
    assert not PRODUCTS.search(info["title"] + info["description"])


@pytest.mark.parametrize("member", ["operationId", "summary", "description"])
def test_operations_can_be_told_apart_by_each_of_their_texts(member):
    """A model sees the summary alone, or the description alone."""
    assert max(Counter(operation[member] for _, operation in OPERATIONS).values()) == 1


@pytest.mark.parametrize(("place", "schema"), BODIES + ANSWERS, ids=[place for place, _ in BODIES + ANSWERS])
def test_titles_of_neighbours_differ(place, schema):
    """Two boxes, or two outputs, of one title could not be told apart."""
    titles = Counter((entry.place.rsplit(".", 1)[0], entry.shown["x-ms-summary"]) for entry in members(place, schema))
    assert not [title for title, count in titles.items() if count > 1]


@pytest.mark.parametrize("operation", PUBLISHED)
def test_arguments_have_one_name_each(operation: PublishedOperation):
    """The parameters and a body's members, also those of its items, are the arguments of one function."""
    names = [parameter["name"] for parameter in resolved(operation.parameters, SOURCE)]
    if operation.body is not None:
        schema = operation.body["content"]["application/json"]["schema"]
        names += [member.place.rsplit(".", 1)[-1] for member in members("", schema)]
    assert max(Counter(names).values(), default=1) == 1


@pytest.mark.parametrize("operation", PUBLISHED)
def test_bodies_are_flat(operation: PublishedOperation):
    """A member is a value, or a list of objects whose members are values: a designer has one box for each."""
    if operation.body is not None:
        schema = operation.body["content"]["application/json"]["schema"]
        for place, member in members("", schema):
            assert member["type"] != "object", place
            assert member["type"] != "array" or "[]" not in place, place


@pytest.mark.parametrize("operation", PUBLISHED)
def test_published_operations_have_a_family_and_a_revision(operation: PublishedOperation):
    """A later version with another shape is a new operation of the same family."""
    annotation = operation.entry["x-ms-api-annotation"]
    assert annotation["revision"] >= 1 and annotation["status"] in ("Preview", "Production")
    assert operation.entry["operationId"] == annotation["family"] + (
        f"V{annotation['revision']}" if annotation["revision"] > 1 else ""
    )


@pytest.mark.parametrize("operation", PUBLISHED)
def test_whether_an_agent_must_ask_first_is_said_of_all_that_changes_something(operation: PublishedOperation):
    """Without it, whatever is no GET would have to be confirmed each time."""
    assert ("x-openai-isConsequential" in operation.entry) == (operation.method != "get")


@pytest.mark.parametrize(
    ("extension", "reference", "listed", "shown"),
    [
        ("x-ms-dynamic-values", "parameter", "value-collection", ("value-path", "value-title")),
        ("x-ms-dynamic-list", "parameterReference", "itemsPath", ("itemValuePath", "itemTitlePath")),
    ],
)
def test_drop_downs_are_fed_by_an_operation_that_is_there(extension, reference, listed, shown):
    """Both forms name an operation, what it needs, and a list in its answer."""
    takes = {place: {parameter["name"]: parameter for parameter in o["parameters"]} for place, o in OPERATIONS}
    found = [Entry(place.split(".")[0], entry[extension]) for place, entry in PARAMETERS if extension in entry]
    assert {"GetFile", "DownloadFile", "DeleteFile"} <= {place for place, _ in found}
    for place, fed in found:
        feeder = takes[fed["operationId"]]
        assert {name for name, parameter in feeder.items() if parameter.get("required")} <= fed["parameters"].keys()
        assert fed["parameters"].keys() <= feeder.keys()
        assert {value[reference] for value in fed["parameters"].values()} <= takes[place].keys()
        items = dict(ANSWERS)[f"{fed['operationId']} answers 200"]["properties"][fed[listed]]
        assert items["type"] == "array"
        assert {fed[member] for member in shown} <= items["items"]["properties"].keys()


def test_the_connection_is_tried_with_an_operation_that_takes_nothing():
    """A designer calls it when a connection is made."""
    tried = SOURCE["x-ms-capabilities"]["testConnection"]
    assert (tried["operationId"], tried["parameters"]) == ("CheckConnection", {})
    assert dict(OPERATIONS)["CheckConnection"]["parameters"] == []


def test_a_preference_is_followed_where_it_is_heard():
    """Preference-Applied is an answer of the operations alone that can be told how long to wait."""
    waiting = {place for place, operation in OPERATIONS if "waitInSeconds" in str(operation.get("requestBody"))}
    answering = {
        place
        for place, operation in OPERATIONS
        for response in operation["responses"].values()
        if "Preference-Applied" in response.get("headers", {})
    }
    assert answering == waiting == {"ExecutePythonCode"}

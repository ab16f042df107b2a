"""The texts of openapi.yaml follow the rules of the products that show them to makers and models.

The rules are those of Power Platform's certification, of OpenAI's GPT actions (300 and 700 characters), and of Semantic
Kernel, which treats parameters and members of the body as arguments of one function.
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
LOWERCASE_WORDS = {"a", "an", "and", "as", "at", "by", "for", "in", "of", "on", "or", "the", "to", "with"}
PROPER_NAMES = {"Python", "OpenAPI", "Swagger", "Playground", "ID", "URL", "MCP"}
PRODUCTS = re.compile(r"\bAPIs?\b|Copilot|Power ?(Platform|Automate|Apps)|Logic ?Apps|https?:|www\.")

Json = dict[str, Any]


class Entry(NamedTuple):
    """An object of openapi.yaml with texts, and where it is."""

    place: str
    value: Json


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
PARAMETERS = [Entry(f"{place}.{value['name']}", value) for place, o in OPERATIONS for value in o["parameters"]]
BODIES = [
    Entry(f"{place} body {media_type}", media["schema"])
    for place, operation in OPERATIONS
    for media_type, media in operation.get("requestBody", {}).get("content", {}).items()
]
RESPONSES = [
    Entry(f"{place} response {status}", media["schema"])
    for place, operation in OPERATIONS
    for status, response in operation["responses"].items()
    for media in response.get("content", {}).values()
    if status.startswith("2") or status == "default"  # other errors have the schema of the default response
]
PUBLISHED = [pytest.param(operation, id=operation.entry["operationId"]) for operation in published_operations(SOURCE)]

MEMBERS = [member for body in BODIES for member in members(*body)]
INPUTS = PARAMETERS + MEMBERS
OUTPUTS = [member for response in RESPONSES for member in members(*response)]
ALL = OPERATIONS + INPUTS + OUTPUTS


def is_sentence_case(text: str) -> bool:
    first, *rest = text.split()
    return first[0].isupper() and all(word.islower() or word in PROPER_NAMES for word in rest)


def is_title_case(text: str) -> bool:
    first, *rest = re.findall(r"[^\W\d_]+", text)
    return first[0].isupper() and all(word[0].isupper() or word in LOWERCASE_WORDS for word in rest)


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
    ("name: not reserved", PARAMETERS, lambda p: p["name"] != "connectionId"),
    ("limits", PARAMETERS, lambda p: has_limits(p["schema"])),
    ("limits", MEMBERS, has_limits),
    ("example", [m for m in MEMBERS if m.value["type"] in ("string", "integer")], lambda m: "example" in m),
]  # fmt: skip


@pytest.mark.parametrize(("entries", "rule"), [pytest.param(*row[1:], id=row[0]) for row in RULES])
def test_texts_and_limits(entries: list[Entry], rule: Rule):
    """Every entry follows the rule."""
    assert not {entry.place: entry.value for entry in entries if not rule(entry.value)}


def test_title_and_description_of_the_connector():
    """Makers find the connector by them, and agents choose it by them."""
    info = DOCUMENT["info"]
    assert len(info["title"]) <= 30
    assert 30 <= len(info["description"]) <= 500
    assert not PRODUCTS.search(info["title"] + info["description"])


@pytest.mark.parametrize("member", ["operationId", "summary", "description"])
def test_texts_of_operations_are_unique(member):
    """A model may read only the summaries, or only the descriptions."""
    assert max(Counter(operation[member] for _, operation in OPERATIONS).values()) == 1


@pytest.mark.parametrize(("place", "schema"), BODIES + RESPONSES, ids=[place for place, _ in BODIES + RESPONSES])
def test_sibling_members_have_different_titles(place, schema):
    """A designer could not distinguish two inputs, or two outputs, with the same title."""
    titles = Counter((entry.place.rsplit(".", 1)[0], entry.value["x-ms-summary"]) for entry in members(place, schema))
    assert not [title for title, count in titles.items() if count > 1]


@pytest.mark.parametrize("operation", PUBLISHED)
def test_argument_names_are_unique(operation: PublishedOperation):
    """Parameters and members of the body, including those of items, are arguments of one function."""
    names = [parameter["name"] for parameter in resolved(operation.parameters, SOURCE)]
    if operation.body is not None:
        schema = operation.body["content"]["application/json"]["schema"]
        names += [member.place.rsplit(".", 1)[-1] for member in members("", schema)]
    assert max(Counter(names).values(), default=1) == 1


@pytest.mark.parametrize("operation", PUBLISHED)
def test_bodies_are_flat(operation: PublishedOperation):
    """A member is a value, or a list of objects whose members are values: a designer has one input for each."""
    if operation.body is not None:
        schema = operation.body["content"]["application/json"]["schema"]
        for place, member in members("", schema):
            assert member["type"] != "object", place
            assert member["type"] != "array" or "[]" not in place, place


@pytest.mark.parametrize("operation", PUBLISHED)
def test_published_operations_have_a_family_and_a_revision(operation: PublishedOperation):
    """A later version with a different shape is a new operation of the same family."""
    annotation = operation.entry["x-ms-api-annotation"]
    assert annotation["revision"] >= 1 and annotation["status"] in ("Preview", "Production")
    assert operation.entry["operationId"] == annotation["family"] + (
        f"V{annotation['revision']}" if annotation["revision"] > 1 else ""
    )


@pytest.mark.parametrize("operation", PUBLISHED)
def test_operations_that_change_something_state_whether_to_confirm(operation: PublishedOperation):
    """Without x-openai-isConsequential, every operation other than GET would require confirmation."""
    assert ("x-openai-isConsequential" in operation.entry) == (operation.method != "get")


@pytest.mark.parametrize(
    ("extension", "reference", "collection", "item_members"),
    [
        ("x-ms-dynamic-values", "parameter", "value-collection", ("value-path", "value-title")),
        ("x-ms-dynamic-list", "parameterReference", "itemsPath", ("itemValuePath", "itemTitlePath")),
    ],
)
def test_dynamic_lists_refer_to_an_existing_operation(extension, reference, collection, item_members):
    """Both forms name an operation, its required parameters, and a list in its response."""
    parameters = {place: {parameter["name"]: parameter for parameter in o["parameters"]} for place, o in OPERATIONS}
    lists = [Entry(place.split(".")[0], entry[extension]) for place, entry in PARAMETERS if extension in entry]
    assert {"GetFile", "DownloadFile", "DeleteFile"} <= {place for place, _ in lists}
    for place, dynamic in lists:
        source = parameters[dynamic["operationId"]]
        assert {name for name, parameter in source.items() if parameter.get("required")} <= dynamic["parameters"].keys()
        assert dynamic["parameters"].keys() <= source.keys()
        assert {value[reference] for value in dynamic["parameters"].values()} <= parameters[place].keys()
        items = dict(RESPONSES)[f"{dynamic['operationId']} response 200"]["properties"][dynamic[collection]]
        assert items["type"] == "array"
        assert {dynamic[member] for member in item_members} <= items["items"]["properties"].keys()


def test_connection_is_tested_with_an_operation_without_parameters():
    """A designer calls it when a connection is created."""
    tested = SOURCE["x-ms-capabilities"]["testConnection"]
    assert (tested["operationId"], tested["parameters"]) == ("CheckConnection", {})
    assert dict(OPERATIONS)["CheckConnection"]["parameters"] == []


def test_only_operations_with_a_preference_return_preference_applied():
    """Preference-Applied is a response header of exactly the operations with the header Prefer."""
    preferring = {place for place, operation in OPERATIONS if "Prefer" in (p["name"] for p in operation["parameters"])}
    applying = {
        place
        for place, operation in OPERATIONS
        for response in operation["responses"].values()
        if "Preference-Applied" in response.get("headers", {})
    }
    assert applying == preferring == {"ExecutePythonCode"}

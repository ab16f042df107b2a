"""What published readers of the documents get wrong, unless the documents avoid it: rules over all that are served.

Each names the program that it was found with, in November 2026. Some of them cannot be installed where the tests run.
"""

import re
from collections.abc import Iterator
from itertools import combinations
from typing import Any

import pytest

from connector.contract.validation import METHODS, resolved
from tests.connector.contract.conftest import operations
from tests.shown_titles import outputs

Json = dict[str, Any]

DOCUMENTS = ("agents", "clients", "makers", "mcp")
OPENAPI = ("agents", "clients")
LARGEST_INT32 = 2**31 - 1


@pytest.fixture(params=DOCUMENTS)
def document(request: pytest.FixtureRequest) -> Json:
    return request.getfixturevalue(request.param)


@pytest.fixture(params=OPENAPI)
def openapi(request: pytest.FixtureRequest) -> Json:
    return request.getfixturevalue(request.param)


def objects(node: Any) -> Iterator[Json]:
    """Every object in the node, and the node itself."""
    if isinstance(node, dict):
        yield node
    if isinstance(node, dict | list):
        for part in node.values() if isinstance(node, dict) else node:
            yield from objects(part)


def bodies(openapi: Json) -> Iterator[Json]:
    for operation in operations(openapi).values():
        for media in operation.get("requestBody", {}).get("content", {}).values():
            yield media["schema"]


def test_a_query_parameter_that_a_path_requires_stays_required(document):
    """Kiota 1.38 loses one that a later operation of the path leaves optional: PutFile would store in a new session."""
    for item in resolved(document, document)["paths"].values():
        in_order = [
            {
                parameter["name"]: parameter.get("required", False)
                for parameter in [*item.get("parameters", []), *item[method].get("parameters", [])]
                if parameter["in"] == "query"
            }
            for method in item
            if method in METHODS
        ]
        for earlier, later in combinations(in_order, 2):
            assert not [name for name in earlier.keys() & later.keys() if earlier[name] and not later[name]]


def test_not_modified_is_a_range(document):
    """Kiota 1.38 returns nothing from an operation that has an exact 304. Swagger 2.0 has no ranges."""
    statuses = {status for operation in operations(document).values() for status in operation["responses"]}
    assert "304" not in statuses
    assert "swagger" not in document or not [status for status in statuses if status.startswith("3")]


def test_integers_are_wide_enough(document):
    """Without int64, NSwag 14.7 and Kiota read 32 bits: a file of 3 GB and each list with it would be an exception."""
    for schema in objects(document):
        if schema.get("type") == "integer" and "enum" not in schema:
            assert schema.get("maximum", LARGEST_INT32 + 1) <= LARGEST_INT32 or schema.get("format") == "int64", schema


def test_the_default_of_the_wait_is_the_settings(emulator, running_connector):
    """Bridges to MCP send every default, and give up after 30 seconds."""
    with running_connector(**emulator.environment, CALLER_WAIT_SECONDS="20") as connector:
        for name in ("openapi.json", "openapi-full.json", "swagger.json"):
            document = connector.call("GET", f"/{name}").json()
            (wait,) = [
                node["waitInSeconds"] for node in objects(document["paths"]["/executions"]) if "waitInSeconds" in node
            ]
            assert wait["default"] == 20


def test_nullable_is_beside_a_type(document):
    """Redocly 2.77 refuses it elsewhere."""
    assert [node for node in objects(document) if "nullable" in node and "type" not in node] == []


def test_the_message_of_an_error_is_marked(openapi):
    """Otherwise an exception of Kiota says only that one of its type was thrown."""
    schema = openapi["components"]["schemas"]["ErrorMessage"]
    assert schema["x-ms-primary-error-message"] is True
    assert openapi["components"]["schemas"]["ErrorResponse"]["properties"]["error"]["properties"]["message"] == {
        "$ref": "#/components/schemas/ErrorMessage"
    }


def test_bodies_have_names_of_their_own(openapi):
    """NSwag and Kiota name classes by titles, and a body without one Body, Body2, and so on."""
    titles = [schema["title"] for schema in bodies(openapi) if "properties" in schema]
    assert titles and len(set(titles)) == len(titles)
    assert not set(titles) & openapi["components"]["schemas"].keys()


def test_schemas_keep_their_names(openapi):
    """Generators name the class of an object within a schema by its member: Files, Error. A schema of this name would
    become Files1.
    """
    names = {name.lower() for name in openapi["components"]["schemas"]}
    for node in objects(openapi):
        for name, member in node.get("properties", {}).items() if isinstance(node.get("properties"), dict) else ():
            inner = member.get("items", member)
            if inner.get("properties"):
                assert name.lower() not in names, name


def words(title: str) -> set[str]:
    """In lower case and the singular."""
    return {word.lower().removesuffix("s") for word in re.findall(r"[A-Za-z]+", title)}


def test_titles_of_outputs_read_well(makers):
    """The designers of Logic Apps and Power Automate show the titles of all ancestors before an output's own: it adds
    something to them, and repeats no word.
    """
    seen = 0
    for operation in operations(makers).values():
        for response in operation["responses"].values():
            for titles in outputs(response.get("schema", {}), makers):
                seen += 1
                for above, below in combinations(titles, 2):
                    assert not words(above) & words(below), " ".join(titles)
    assert seen > 150

"""The makers' document: valid Swagger 2.0, equivalent to the contract, and as certification requires it."""

import json
import re
from typing import Any

import openapi_spec_validator
import pytest

from connector.contract.validation import METHODS, read_document, resolved

SOURCE = read_document()
UPLOADS = {"PutUpload", "PatchUpload", "GetUpload", "CancelUpload"}
SHARED = {"OpenSharedFile", "OpenSharedFileHeaders"}
LEFT_OUT = {
    "PollExecution",
    "PollTransfer",
    "CancelTransfer",
    "ListMoreFiles",
    "PutFile",
    "DownloadFileHeaders",
    "GetHealth",
    "GetOpenApiDocument",
    "GetFullOpenApiDocument",
    "GetSwaggerDocument",
    "GetMcpSwaggerDocument",
    "CallMcpServer",
    "GetProtectedResourceMetadata",
    "GetPlayground",
    "GetPlaygroundFile",
    *UPLOADS,
    *SHARED,
}
LIMITS = "type format default enum pattern minLength maxLength minimum maximum minItems maxItems".split()
SHOWN = ("description", "x-ms-summary", "x-ms-visibility", "x-ms-dynamic-values", "x-ms-dynamic-list")
ORDER = (
    "swagger info host schemes basePath consumes produces paths definitions parameters securityDefinitions security"
).split()

Json = dict[str, Any]


def operations(document: Json) -> dict[str, Json]:
    """By operationId, with path and method, and with the parameters of the path."""
    found = resolved(document, document)
    return {
        item[method]["operationId"]: {
            **item[method],
            "place": (path, method),
            "parameters": [*item.get("parameters", []), *item[method].get("parameters", [])],
        }
        for path, item in found["paths"].items()
        for method in METHODS
        if method in item
    }


IN_SOURCE = operations(SOURCE)
PUBLISHED = sorted(IN_SOURCE.keys() - LEFT_OUT)


def assert_same_schema(derived: Json, source: Json, place: str) -> None:
    """The same members, limits and texts at every level; alternatives have no type."""
    assert derived.keys() <= {*LIMITS, *SHOWN, "required", "properties", "items", "additionalProperties", "example"}, (
        place
    )
    for member in (*LIMITS, *SHOWN, "required", "example"):
        assert derived.get(member) == source.get(member), f"{place}: {member}"
    assert derived.get("properties", {}).keys() == source.get("properties", {}).keys(), place
    for name, inner in source.get("properties", {}).items():
        assert_same_schema(derived["properties"][name], inner, f"{place}.{name}")
    assert ("items" in derived) == ("items" in source), place
    if "items" in source:
        assert_same_schema(derived["items"], source["items"], f"{place}[]")


def test_it_is_valid(makers):
    """A validator of Swagger accepts it."""
    assert makers["swagger"] == "2.0"
    openapi_spec_validator.validate(makers)


def test_it_has_all_operations_but_those_for_programs(makers):
    """Raw uploads, HEAD, and operations without a key are not for workflows."""
    assert IN_SOURCE.keys() - operations(makers).keys() == LEFT_OUT


@pytest.mark.parametrize("operation_id", PUBLISHED)
def test_an_operation_equals_the_contracts(makers, operation_id):
    """Address, texts and statuses are those of openapi.yaml, without redirections."""
    source, derived = IN_SOURCE[operation_id], operations(makers)[operation_id]
    for member in ("place", "summary", "description", "tags", "x-ms-visibility", "x-ms-api-annotation"):
        assert derived.get(member) == source.get(member), member
    assert derived["responses"].keys() == source["responses"].keys() - {"3XX"}
    for status, response in derived["responses"].items():
        assert response["description"] == source["responses"][status]["description"]


@pytest.mark.parametrize("operation_id", PUBLISHED)
def test_parameters_equal_the_contracts(makers, operation_id):
    """With limits, defaults and texts, in the same order, without headers for programs; those of the path have an
    encoding."""
    source = [
        parameter
        for parameter in IN_SOURCE[operation_id]["parameters"]
        if not (parameter["in"] == "header" and parameter["x-ms-visibility"] == "internal")
    ]
    derived = [parameter for parameter in operations(makers)[operation_id]["parameters"] if parameter["in"] != "body"]
    assert [parameter["name"] for parameter in derived] == [parameter["name"] for parameter in source]
    for parameter, original in zip(derived, source, strict=True):
        place = f"{operation_id}.{original['name']}"
        assert parameter["in"] == original["in"]
        assert parameter.get("required", False) == original.get("required", False)
        for member in LIMITS:
            assert parameter.get(member) == original["schema"].get(member), f"{place}: {member}"
        for member in SHOWN:
            assert parameter.get(member) == original.get(member), f"{place}: {member}"
        assert parameter.get("x-ms-url-encoding") == ("single" if original["in"] == "path" else None)


@pytest.mark.parametrize("operation_id", PUBLISHED)
def test_a_body_equals_the_contracts(makers, operation_id):
    """One parameter, with the schema of the JSON."""
    bodies = [parameter for parameter in operations(makers)[operation_id]["parameters"] if parameter["in"] == "body"]
    source = IN_SOURCE[operation_id].get("requestBody")
    assert len(bodies) == (source is not None)
    for body in bodies:
        assert (body["name"], body["required"]) == ("body", source["required"])
        assert body["description"] and body["x-ms-summary"]
        assert_same_schema(body["schema"], source["content"]["application/json"]["schema"], operation_id)


@pytest.mark.parametrize("operation_id", PUBLISHED)
def test_the_successful_response_equals_the_contracts(makers, operation_id):
    """Designers make outputs of it. It is the only response with a schema."""
    derived, source = operations(makers)[operation_id]["responses"], IN_SOURCE[operation_id]["responses"]
    schemas = {status: response["schema"] for status, response in derived.items() if "schema" in response}
    content = source.get("200", {}).get("content", {})
    assert schemas.keys() == ({"200"} if content else set())
    for status, schema in schemas.items():
        media = next(iter(content.values()))
        assert_same_schema(schema, media["schema"], f"{operation_id} {status}")


def test_a_download_is_bytes(makers):
    """A file for the next step."""
    download = operations(makers)["DownloadFile"]
    schema = download["responses"]["200"]["schema"]
    assert (schema["type"], schema["format"]) == ("string", "binary")
    assert download["produces"] == ["application/octet-stream"]


def test_no_header_is_reserved(makers):
    """Gateways of connectors remove or refuse headers of HTTP itself, except Range, which makers can set."""
    headers = {
        parameter["name"]
        for operation in operations(makers).values()
        for parameter in operation["parameters"]
        if parameter["in"] == "header"
    }
    assert headers == {"Range"}


def test_its_members_have_the_required_order(makers):
    """Reviewers compare it."""
    assert list(makers)[: len(ORDER)] == ORDER


def test_each_operation_has_its_media_types(makers):
    """JSON for bodies, and one type of response."""
    for operation in operations(makers).values():
        takes_body = any(parameter["in"] == "body" for parameter in operation["parameters"])
        assert operation.get("consumes") == (["application/json"] if takes_body else None)
        assert len(operation["produces"]) == 1


def test_errors_are_listed(makers):
    """Makers can handle what each operation lists."""
    for operation in operations(makers).values():
        listed = operation["responses"].keys()
        assert {"400", "401", "403", "429", "500", "502", "503", "504", "default"} <= listed, operation["operationId"]
        if any(parameter["in"] == "body" for parameter in operation["parameters"]):
            assert "413" in listed


def test_a_reference_has_no_siblings(makers):
    """Readers of Swagger ignore them, and certification refuses them."""

    def check(node: Any) -> None:
        if isinstance(node, dict):
            assert "$ref" not in node or list(node) == ["$ref"]
            node = list(node.values())
        for item in node if isinstance(node, list) else ():
            check(item)

    check(makers)


def test_it_has_only_what_swagger_has(makers):
    """No alternatives, no null, no bytes in JSON, no lists of types."""
    text = json.dumps([makers["paths"], makers["definitions"], makers["parameters"]])
    assert not re.search('"(anyOf|oneOf|not|nullable|x-nullable|content|requestBody|components)":(?! {"type)', text)
    assert '"type": [' not in text
    assert '"binary"' not in json.dumps(makers["definitions"])


def test_every_definition_and_parameter_is_used(makers):
    """And every reference is defined."""
    used = set(re.findall(r'"\$ref": "#/(\w+/\w+)"', json.dumps(makers)))
    there = {f"{section}/{name}" for section in ("definitions", "parameters") for name in makers[section]}
    assert used == there


def test_the_key_is_the_only_sign_in(makers):
    """Of several, a custom connector takes the first."""
    (scheme,) = makers["securityDefinitions"].values()
    assert (scheme["type"], scheme["in"], scheme["name"]) == ("apiKey", "header", "x-functions-key")
    assert makers["security"] == [{name: [] for name in makers["securityDefinitions"]}]


def test_it_has_what_certification_requires(makers):
    """The publisher, and the operation that tests a new connection."""
    assert {entry["propertyName"] for entry in makers["x-ms-connector-metadata"]} == {
        "Website",
        "Privacy policy",
        "Categories",
    }
    assert makers["x-ms-capabilities"]["testConnection"]["operationId"] in operations(makers)
    assert len(json.dumps(makers)) < 1_000_000


def test_the_address_is_the_apps(makers, api):
    """Host, scheme and path are where the operations are."""
    (scheme,) = makers["schemes"]
    assert f"{scheme}://{makers['host']}{makers['basePath']}" == api.url


def test_a_public_address_is_used_if_set(start_connector, emulator):
    """As in the other document."""
    connector = start_connector(PUBLIC_BASE_URL="https://connector.example", **emulator.environment)
    document = connector.call("GET", "/swagger.json").json()
    assert (document["host"], document["schemes"], document["basePath"]) == ("connector.example", ["https"], "/api")


def test_the_limit_of_code_is_the_settings(start_connector, emulator):
    """The document has the limit of the app."""
    connector = start_connector(MAX_CODE_CHARACTERS="5", **emulator.environment)
    document = connector.call("GET", "/swagger.json").json()
    (body,) = document["paths"]["/executions"]["post"]["parameters"]
    assert body["schema"]["properties"]["pythonCode"]["maxLength"] == 5

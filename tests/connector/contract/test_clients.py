"""The document for generated clients: everything that openapi.yaml has, in the form that generators read."""

import json

import openapi_spec_validator
import pytest

from connector.contract.validation import read_document, resolved
from tests.connector.contract.conftest import operations

SOURCE = read_document()


def plain(node):
    """The node without extensions."""
    if isinstance(node, dict):
        return {
            name: plain(value)
            for name, value in node.items()
            if not name.startswith(("x-ms-", "x-error-", "x-for-")) or name in SOURCE["components"]["headers"]
        }
    return [plain(item) for item in node] if isinstance(node, list) else node


def test_it_is_valid(clients):
    """A validator of OpenAPI accepts it."""
    assert clients["openapi"].startswith("3.0.")
    openapi_spec_validator.validate(clients)


@pytest.mark.parametrize("operation_id", sorted(operations(SOURCE)))
def test_an_operation_equals_the_contracts(clients, operation_id):
    """Texts, parameters, headers and bodies are those of openapi.yaml, with their references."""
    source, derived = operations(SOURCE)[operation_id], operations(clients)[operation_id]
    for member in ("summary", "description", "tags", "parameters", "requestBody", "security"):
        assert derived.get(member) == plain(source.get(member)), member
    assert derived["responses"].keys() == source["responses"].keys()
    for status, response in resolved(derived["responses"], clients).items():
        original = resolved(source["responses"][status], SOURCE)
        assert response["description"] == original["description"]
        assert response.get("headers") == plain(original.get("headers"))
        assert bool(response.get("content")) == bool(original.get("content"))


def test_it_has_all_operations(clients):
    """Those for machines, too."""
    assert operations(clients).keys() == operations(SOURCE).keys()


def test_schemas_are_shared(clients):
    """A generator makes one class of each."""
    text = json.dumps(clients["paths"])
    for operation_id in ("GetExecution", "CancelExecution"):
        for status in ("200", "202"):
            response = operations(clients)[operation_id]["responses"][status]
            name = response["$ref"].rpartition("/")[2]
            schema = clients["components"]["responses"][name]["content"]["application/json"]["schema"]
            assert schema == {"$ref": "#/components/schemas/Execution"}
    assert "durationInMilliseconds" not in text


def test_responses_may_get_members(clients):
    """A client that was generated today accepts the responses of later versions."""
    schemas = clients["components"]["schemas"]
    assert not [name for name, schema in schemas.items() if '"additionalProperties": false' in json.dumps(schema)]
    assert '"additionalProperties": false' not in json.dumps(clients["components"]["responses"])


def test_the_key_is_sent_in_the_header_or_the_query(clients):
    """The Functions host accepts both."""
    schemes = clients["components"]["securitySchemes"]
    assert [(scheme["type"], scheme["in"], scheme["name"]) for scheme in schemes.values()] == [
        ("apiKey", "header", "x-functions-key"),
        ("apiKey", "query", "code"),
    ]
    assert clients["security"] == [{name: []} for name in schemes]


def test_a_wrong_key_has_no_body(clients):
    """The response is the host's: a client must not parse it as JSON."""
    assert list(clients["components"]["responses"]["Unauthorized"]["content"]) == ["text/plain"]


def test_a_file_has_a_type_that_generators_know(clients):
    """Its bytes are returned as they are."""
    responses = operations(clients)["DownloadFile"]["responses"]
    for status in ("200", "206"):
        assert list(responses[status]["content"]) == ["application/octet-stream"]


def test_the_address_is_the_apps(clients, api):
    """Generated clients call it without being configured."""
    assert clients["servers"] == [{"url": api.url}]

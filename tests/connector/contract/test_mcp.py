"""The document for Copilot Studio: valid Swagger 2.0, with the MCP server as its one operation."""

import re

import openapi_spec_validator

from connector.contract.validation import read_document

SOURCE = read_document()


def test_it_is_valid(mcp):
    """A validator of Swagger accepts it."""
    assert mcp["swagger"] == "2.0"
    openapi_spec_validator.validate(mcp)


def test_the_mcp_server_is_its_only_operation(mcp):
    """It is marked as such, and has neither parameters nor schemas: the protocol has its messages."""
    assert list(mcp["paths"]) == ["/mcp"]
    ((method, operation),) = mcp["paths"]["/mcp"].items()
    assert (method, operation["operationId"]) == ("post", "CallMcpServer")
    assert operation["x-ms-agentic-protocol"] == "mcp-streamable-1.0"
    assert "parameters" not in operation
    assert not [response for response in operation["responses"].values() if "schema" in response]


def test_texts_and_statuses_are_the_contracts(mcp):
    """The operation is that of openapi.yaml."""
    derived, source = mcp["paths"]["/mcp"]["post"], SOURCE["paths"]["/mcp"]["post"]
    assert derived["responses"].keys() == source["responses"].keys()
    for member in ("summary", "description", "tags"):
        assert derived[member] == source[member]


def test_its_name_differs_from_the_other_connectors(mcp, makers):
    """Both are in one list. Certification allows thirty characters, and no product names."""
    title = mcp["info"]["title"]
    assert title.startswith(makers["info"]["title"]) and title != makers["info"]["title"]
    assert len(title) <= 30
    assert not re.search("API|Connector|Copilot|Power", title)
    assert len(mcp["info"]["description"]) >= 30
    for member in ("contact", "license", "version"):
        assert mcp["info"][member] == makers["info"][member]


def test_the_key_is_the_only_sign_in(mcp, makers):
    """As for the other custom connector."""
    assert (mcp["securityDefinitions"], mcp["security"]) == (makers["securityDefinitions"], makers["security"])


def test_the_address_is_the_apps(mcp, makers):
    """So the server is where its operations are."""
    assert [mcp[name] for name in ("host", "schemes", "basePath")] == [
        makers[name] for name in ("host", "schemes", "basePath")
    ]
    assert mcp["basePath"] == "/api"


def test_makers_get_no_operation_of_the_protocol(makers):
    """A flow would have nothing to send to it."""
    assert "/mcp" not in makers["paths"]
    assert "x-ms-agentic-protocol" not in str(makers)


def test_a_public_address_is_used_if_set(start_connector, emulator):
    """As in the other documents."""
    api = start_connector(**emulator.environment, PUBLIC_BASE_URL="https://connector.example")
    document = api.call("GET", "/mcp-swagger.json").json()
    assert (document["host"], document["basePath"]) == ("connector.example", "/api")

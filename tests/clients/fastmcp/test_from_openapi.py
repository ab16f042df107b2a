"""fastmcp: the tools that FastMCP.from_openapi generates from the agents' document, called on a running connector.

An in-process MCP client calls them. It validates every response against the output schema of the tool.
"""

import httpx2
import pytest
from every_operation import EveryOperation, for_each_operation, operations
from fastmcp import Client, FastMCP

pytestmark = pytest.mark.anyio


@pytest.fixture
async def client(connector):
    async with httpx2.AsyncClient(
        base_url=connector.url, headers={"x-functions-key": connector.key}, timeout=100
    ) as http:
        server = FastMCP.from_openapi(openapi_spec=connector.document, client=http, name="Code Interpreter")
        async with Client(server) as client:
            yield client


@pytest.fixture
async def tools(client):
    return {tool.name: tool for tool in await client.list_tools()}


@pytest.fixture
def call(client):
    async def call(operation_id, **arguments):
        result = await client.call_tool(operation_id, arguments)
        (content,) = result.content
        assert result.structured_content is not None or content.text == ""
        return result.structured_content

    return call


class TestEveryOperation(EveryOperation):
    """Through MCP tools."""


async def test_each_operation_is_a_tool(tools, connector):
    """Its name is the operationId."""
    assert sorted(tools) == sorted(operations(connector.document))


async def test_tool_description_is_that_of_the_operation(tools, connector):
    """The model reads `description`."""
    for operation_id, (_, _, operation) in operations(connector.document).items():
        assert tools[operation_id].description == operation["description"]


@for_each_operation
async def test_tool_arguments_are_flat(tools, operation_id, required, optional):
    """Parameters and members of the body are arguments of one function, each with its type and a description."""
    schema = tools[operation_id].input_schema
    assert {name: entry["type"] for name, entry in schema["properties"].items()} == required | optional
    assert set(schema["required"]) == set(required)
    assert all(entry["description"] for entry in schema["properties"].values())


async def test_error_message_reaches_the_model(client):
    """The model reads the connector's message: the problem and the remedy."""
    result = await client.call_tool(
        "ExecutePythonCode", {"pythonCode": "1", "timeoutInSeconds": 6000}, raise_on_error=False
    )
    assert result.is_error
    (content,) = result.content
    assert "400" in content.text and "timeoutInSeconds is 6000. Send a value from 1 to 3600." in content.text


async def test_missing_file_is_reported(client, session_id):
    """The message states how to list the files that exist."""
    result = await client.call_tool("GetFile", {"sessionId": session_id, "fileName": "none.csv"}, raise_on_error=False)
    assert result.is_error
    (content,) = result.content
    assert "FileNotFound" in content.text and "ListFiles" in content.text


async def test_operations_require_the_key(connector):
    """The document needs no key, but its operations do."""
    async with httpx2.AsyncClient(base_url=connector.url) as http:
        server = FastMCP.from_openapi(openapi_spec=connector.document, client=http)
        async with Client(server) as client:
            result = await client.call_tool("CheckConnection", {}, raise_on_error=False)
    assert result.is_error
    (content,) = result.content
    assert "401" in content.text

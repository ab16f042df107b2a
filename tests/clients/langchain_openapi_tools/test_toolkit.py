"""langchain-openapi-tools: the LangChain tools generated from the agents' document, called on a running connector.

They are called as an agent calls tools: with a tool call, which returns the message for the model.
"""

import json

import pytest
from every_operation import EveryOperation, for_each_operation, operations, snake_case
from langchain_openapi_tools import APIKeyHeaderProvider, OpenAPIToolkit

pytestmark = pytest.mark.anyio


@pytest.fixture
def toolkit(connector):
    """The toolkit fetches the document itself."""
    provider = APIKeyHeaderProvider(connector.key, header="x-functions-key")
    return OpenAPIToolkit.from_url(connector.document_url, provider=provider)


@pytest.fixture
def tools(toolkit):
    return {tool.name: tool for tool in toolkit.get_tools()}


@pytest.fixture
def message(tools):
    """Returns a function that calls a tool and returns the message for the model."""

    async def message(operation_id, **arguments):
        name = snake_case(operation_id)
        return await tools[name].ainvoke({"type": "tool_call", "id": "1", "name": name, "args": arguments})

    return message


@pytest.fixture
def call(message):
    async def call(operation_id, **arguments):
        received = await message(operation_id, **arguments)
        assert received.status == "success", received.content
        return json.loads(received.content) if received.content else None

    return call


class TestEveryOperation(EveryOperation):
    """Through LangChain tools."""


async def test_each_operation_is_a_tool(tools, connector):
    """Its name is the operationId in snake case."""
    assert list(tools) == [snake_case(operation_id) for operation_id in operations(connector.document)]


async def test_tool_description_has_summary_and_description(tools, connector):
    """The text for the model begins with both."""
    for operation_id, (_, _, operation) in operations(connector.document).items():
        description = tools[snake_case(operation_id)].description
        assert description.startswith(f"{operation['summary']}.\n\n{operation['description']}\n\n")


def type_of(entry, schema):
    """The schema of an optional argument is `anyOf` of its type and null; that of an enum is a definition."""
    entry = entry.get("anyOf", [entry])[0]
    return schema["$defs"][entry["$ref"].rpartition("/")[2]]["type"] if "$ref" in entry else entry["type"]


@for_each_operation
async def test_tool_arguments_are_flat(tools, operation_id, required, optional):
    """Parameters and members of the body are arguments of one tool; the toolkit adds one of its own to each."""
    schema = tools[snake_case(operation_id)].tool_call_schema.model_json_schema()
    members = {name: entry for name, entry in schema["properties"].items() if name != "paginate"}
    assert {name: type_of(entry, schema) for name, entry in members.items()} == required | optional
    assert set(schema.get("required", [])) == set(required)
    assert all(entry["description"] for entry in members.values())


async def test_error_message_reaches_the_model(message):
    """The model reads the connector's message: the problem and the remedy."""
    received = await message("ExecutePythonCode", pythonCode="1", timeoutInSeconds=6000)
    assert received.status == "error"
    assert "400" in received.content and "timeoutInSeconds is 6000. Send a value from 1 to 3600." in received.content


async def test_missing_file_is_reported(message, session_id):
    """The message states how to list the files that exist."""
    received = await message("GetFile", sessionId=session_id, fileName="none.csv")
    assert received.status == "error"
    assert "FileNotFound" in received.content and "ListFiles" in received.content


async def test_operations_require_the_key(connector):
    """The document needs no key, but its operations do."""
    tool = OpenAPIToolkit.from_url(connector.document_url).get_tool("check_connection")
    received = await tool.ainvoke({"type": "tool_call", "id": "1", "name": tool.name, "args": {}})
    assert received.status == "error" and "401" in received.content

"""langchain-openapi-tools: the LangChain tools that it makes of the agents' document, called on the running connector.

They are called as an agent calls tools: with a tool call, whose answer is the message for the model.
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
def told(tools):
    """The message that a call of a tool gives."""

    async def told(operation_id, **arguments):
        name = snake_case(operation_id)
        return await tools[name].ainvoke({"type": "tool_call", "id": "1", "name": name, "args": arguments})

    return told


@pytest.fixture
def call(told):
    async def call(operation_id, **arguments):
        message = await told(operation_id, **arguments)
        assert message.status == "success", message.content
        return json.loads(message.content) if message.content else None

    return call


class TestEveryOperation(EveryOperation):
    """Through LangChain tools."""


async def test_each_operation_is_a_tool(tools, connector):
    """Its name is the operationId in the snake case that the toolkit makes of it."""
    assert list(tools) == [snake_case(operation_id) for operation_id in operations(connector.document)]


async def test_a_tools_description_has_summary_and_description(tools, connector):
    """What the model sees begins with both."""
    for operation_id, (_, _, operation) in operations(connector.document).items():
        shown = tools[snake_case(operation_id)].description
        assert shown.startswith(f"{operation['summary']}.\n\n{operation['description']}\n\n")


def type_of(entry, schema):
    """What may be left out is a choice of the type and null; a list of words is a definition."""
    entry = entry.get("anyOf", [entry])[0]
    return schema["$defs"][entry["$ref"].rpartition("/")[2]]["type"] if "$ref" in entry else entry["type"]


@for_each_operation
async def test_a_tools_arguments_are_flat(tools, operation_id, required, optional):
    """Parameters and the body's members stand side by side; the toolkit adds one of its own to each tool."""
    schema = tools[snake_case(operation_id)].tool_call_schema.model_json_schema()
    members = {name: entry for name, entry in schema["properties"].items() if name != "paginate"}
    assert {name: type_of(entry, schema) for name, entry in members.items()} == required | optional
    assert set(schema.get("required", [])) == set(required)
    assert all(entry["description"] for entry in members.values())


async def test_an_error_is_told_in_the_connectors_words(told):
    """The model reads what is wrong and what to do."""
    message = await told("ExecutePythonCode", pythonCode="1", timeoutInSeconds=6000)
    assert message.status == "error"
    assert "400" in message.content and "timeoutInSeconds is 6000. Send a value from 1 to 3600." in message.content


async def test_a_file_that_is_not_there_is_told(told, session_id):
    """The error says how to find out what is there."""
    message = await told("GetFile", sessionId=session_id, fileName="none.csv")
    assert message.status == "error"
    assert "FileNotFound" in message.content and "ListFiles" in message.content


async def test_without_the_key_nothing_is_called(connector):
    """The document is open, its operations are not."""
    tool = OpenAPIToolkit.from_url(connector.document_url).get_tool("check_connection")
    message = await tool.ainvoke({"type": "tool_call", "id": "1", "name": tool.name, "args": {}})
    assert message.status == "error" and "401" in message.content

"""llama-index-tools-mcp: the tools of the MCP server as a McpToolSpec, as docs/agents.md shows it."""

import pytest

pytestmark = pytest.mark.anyio


@pytest.fixture
async def tools(run_snippet):
    """By name."""
    return {
        tool.metadata.name: tool
        for tool in await run_snippet("llama_index_mcp")["code_interpreter"].to_tool_list_async()
    }


async def test_tools_are_those_that_are_allowed(tools):
    """Each has a description and a schema of its arguments."""
    assert set(tools) == {"ExecutePythonCode", "GetExecution", "UploadFile", "ShareFile"}
    assert all(tool.metadata.description for tool in tools.values())
    assert "pythonCode" in tools["ExecutePythonCode"].metadata.get_parameters_dict()["properties"]


async def test_the_model_reads_the_result(tools):
    """A new session is created, and its ID is in the text."""
    output = await tools["ExecutePythonCode"].acall(pythonCode="6 * 7")
    assert "42" in output.content and "ession" in output.content


async def test_the_model_reads_why_code_failed(tools):
    """The message and the line."""
    output = await tools["ExecutePythonCode"].acall(pythonCode="x = 1\nx / 0")
    assert "ZeroDivisionError" in output.content and "line 2" in output.content


async def test_client_waits_longer_than_the_server(run_snippet):
    """The server waits for a run for 45 seconds; the client would give up after 30."""
    assert run_snippet("llama_index_mcp")["client"].timeout == 100

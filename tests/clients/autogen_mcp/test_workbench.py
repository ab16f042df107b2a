"""autogen-ext: the tools of the MCP server in a McpWorkbench, as docs/agents.md shows it."""

import pytest

pytestmark = pytest.mark.anyio


@pytest.fixture
async def workbench(run_snippet):
    async with run_snippet("autogen_mcp")["code_interpreter"] as workbench:
        yield workbench


async def test_tools_are_those_of_the_server(workbench):
    """Each has a description and a schema of its arguments."""
    tools = {tool["name"]: tool for tool in await workbench.list_tools()}
    assert {"ExecutePythonCode", "GetExecution", "UploadFile", "ListFiles", "GetFile", "ShareFile"} <= set(tools)
    assert all(tool["description"] and tool["parameters"]["properties"] for tool in tools.values())


async def test_a_run_that_writes_a_file_is_no_error(workbench):
    """The workbench knows text and images only: the address in the snippet omits links."""
    code = "from pathlib import Path\nPath('/mnt/data/notes.txt').write_text('one')"
    result = await workbench.call_tool("ExecutePythonCode", {"pythonCode": code})
    assert not result.is_error
    assert "/mnt/data/notes.txt (new, 3 bytes)" in result.to_text()


async def test_a_chart_is_an_image(workbench):
    """Beside the text of the run."""
    code = "import matplotlib.pyplot as plt\nplt.plot([1, 2, 4])"
    result = await workbench.call_tool("ExecutePythonCode", {"pythonCode": code})
    assert [part.type for part in result.result] == ["TextResultContent", "ImageResultContent"]


async def test_failed_code_is_an_error_with_its_reason(workbench):
    """The model reads the message and the line."""
    result = await workbench.call_tool("ExecutePythonCode", {"pythonCode": "x = 1\nx / 0"})
    assert result.is_error
    assert "ZeroDivisionError" in result.to_text() and "line 2" in result.to_text()

"""The MCP SDK for Python as a client of the session pool's own MCP server."""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import pytest
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.exceptions import MCPError

pytestmark = pytest.mark.anyio

RUN_PYTHON, RUN_SHELL = "runPythonCodeInRemoteEnvironment", "runShellCommandInRemoteEnvironment"


@asynccontextmanager
async def connected(pool: Any, mode: str = "auto", headers: dict[str, str] | None = None) -> AsyncIterator[Client]:
    sent = {"x-ms-apikey": pool.mcp_key} if headers is None else headers
    async with httpx2.AsyncClient(headers=sent, timeout=60) as http:
        async with Client(streamable_http_client(pool.mcp_server, http_client=http), mode=mode) as client:
            yield client


@pytest.fixture
def python_pool(start_pool: Callable[..., Any]) -> Any:
    return start_pool("--mcp")


@pytest.fixture
def shell_pool(start_pool: Callable[..., Any]) -> Any:
    return start_pool("--mcp", "--container-type", "Shell")


@pytest.fixture(params=["legacy", "auto"])
async def client(request: pytest.FixtureRequest, python_pool: Any) -> AsyncIterator[Client]:
    """Of a pool for Python, in each mode that knows servers of the older generation."""
    async with connected(python_pool, mode=request.param) as client:
        yield client


async def launch(client: Client) -> str:
    result = await client.call_tool("launchShell", {})
    environment: str = result.structured_content["environmentId"]
    return environment


async def run(client: Client, environment: str, code: str) -> dict[str, Any]:
    result = await client.call_tool(RUN_PYTHON, {"environmentId": environment, "pythonCode": code})
    assert result.structured_content == json.loads(result.content[0].text)
    content: dict[str, Any] = result.structured_content
    return content


async def test_it_connects_in_the_version_of_the_server(client):
    """The SDK negotiates 2025-03-26, also where it asks for a newer generation first."""
    assert client.protocol_version == "2025-03-26"
    assert client.server_info.name == "Microsoft Container Apps MCP Server"


async def test_tools_have_schemas_that_the_sdk_accepts(client):
    """All three are listed, with their arguments."""
    tools = {tool.name: tool.input_schema for tool in (await client.list_tools()).tools}
    assert {name: schema["required"] for name, schema in tools.items()} == {
        "launchShell": [],
        RUN_SHELL: ["environmentId"],
        RUN_PYTHON: ["environmentId", "pythonCode"],
    }


async def test_code_runs_in_a_session_of_the_pool(client, python_pool):
    """It begins with the first call, and its variables and files persist."""
    environment = await launch(client)
    assert not python_pool.has_session(environment)
    assert (await run(client, environment, "x = 6; print('set')"))["stdout"] == "set\n"
    assert python_pool.has_session(environment)
    assert (await run(client, environment, "x * 7"))["executionResult"] == 42
    result = await client.call_tool(
        RUN_SHELL, {"environmentId": environment, "shellCommand": "echo 'a,b' > t.csv && wc -c t.csv"}
    )
    assert result.structured_content["stdout"] == "4 t.csv\n"
    assert (await run(client, environment, "open('/mnt/data/t.csv').read()"))["executionResult"] == "a,b\n"


async def test_code_that_fails_is_an_error_of_the_tool(client):
    """The model reads the traceback, and the environment stays usable."""
    environment = await launch(client)
    result = await client.call_tool(RUN_PYTHON, {"environmentId": environment, "pythonCode": "1 / 0"})
    assert result.is_error
    assert "ZeroDivisionError" in result.content[0].text
    assert (await run(client, environment, "1 + 1"))["executionResult"] == 2


async def test_an_unknown_environment_is_an_error_of_the_protocol(client):
    """As are a tool and a method that the server does not have."""
    with pytest.raises(MCPError, match=r"Environment 'nothing' was not found\. Call launchShell"):
        await client.call_tool(RUN_PYTHON, {"environmentId": "nothing", "pythonCode": "1"})
    with pytest.raises(MCPError, match="Unknown tool: nothing"):
        await client.call_tool("nothing", {})
    with pytest.raises(MCPError, match="Method not found: resources/list"):
        await client.list_resources()


async def test_commands_run_in_a_pool_for_a_shell(shell_pool):
    """With a shell or without; Python code does not."""
    async with connected(shell_pool) as client:
        environment = await launch(client)
        for command, stdout in (
            ({"shellCommand": "cd /tmp && pwd; echo $((6 * 7))"}, "/tmp\n42\n"),
            ({"execCommandAndArgs": ["printf", "%s\n", "a  b", "$HOME"]}, "a  b\n$HOME\n"),
        ):
            result = await client.call_tool(RUN_SHELL, {"environmentId": environment, **command})
            assert (result.structured_content["status"], result.structured_content["stdout"]) == ("0", stdout)
        refused = await client.call_tool(RUN_PYTHON, {"environmentId": environment, "pythonCode": "1"})
        assert refused.is_error
        assert RUN_SHELL in refused.content[0].text


@pytest.mark.parametrize("kind", ["no key", "wrong key", "bearer token"])
async def test_only_the_key_in_its_header_connects(python_pool, kind):
    """The pool's token does not, nor does the key as a token."""
    headers = {
        "no key": {},
        "wrong key": {"x-ms-apikey": "wrong"},
        "bearer token": {"Authorization": f"Bearer {python_pool.token}"},
    }[kind]
    with pytest.raises(BaseExceptionGroup) as raised:
        async with connected(python_pool, "legacy", headers) as client:
            await client.list_tools()
    assert raised.group_contains(MCPError)

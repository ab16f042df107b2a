"""The MCP SDK for Python connects: with each generation of the protocol, with the key in a header, and without it."""

import httpx2
import pytest
from mcp.shared.exceptions import MCPError
from sdk_clients import MODES, connected

pytest_plugins = ["sdk_fixtures"]
pytestmark = pytest.mark.anyio

NEGOTIATED = {"legacy": "2025-11-25", "auto": "2026-07-28", "2026-07-28": "2026-07-28"}


def test_all_modes_are_tested():
    """Those with a handshake, without one, and that which asks the server."""
    assert set(NEGOTIATED) == set(MODES)


async def test_the_newest_common_version_is_used(client, mode):
    """A client that asks the server finds the generation without a handshake."""
    assert client.protocol_version == NEGOTIATED[mode]


@pytest.mark.parametrize("mode", ["legacy", "auto"], indirect=True)
async def test_the_server_introduces_itself(client):
    """It has a name and a version, and instructions for the model, which name the folder of files."""
    assert (client.server_info.name, client.server_info.version) == ("code-interpreter", "1.0.0")
    assert "/mnt/data" in client.instructions
    assert client.server_capabilities.tools is not None
    assert client.server_capabilities.resources is not None
    assert client.server_capabilities.prompts is not None


async def test_an_unknown_tool_is_an_error_of_the_protocol(client):
    """And no result that a model would take for that of a tool."""
    with pytest.raises(MCPError) as raised:
        await client.call_tool("Nothing", {})
    assert raised.value.code == -32602
    assert "Nothing" in raised.value.message


@pytest.mark.parametrize("key", [None, "wrong"])
async def test_a_wrong_key_ends_the_connection(connector, mode, key):
    """With the first request that needs an answer: no tool is called, and nothing is listed."""
    with pytest.raises(BaseExceptionGroup) as raised:
        async with connected(connector.url, key, mode=mode) as client:
            await client.list_tools()
    assert isinstance(_only(raised.value), MCPError)


async def test_the_status_of_a_wrong_key_is_401(connector):
    """The SDK reports an error of the server; the status is in its log, and in that of other clients."""
    message = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
    async with httpx2.AsyncClient() as http:
        response = await http.post(f"{connector.url}/mcp", json=message, headers={"x-functions-key": "wrong"})
    assert response.status_code == 401


def _only(failure: BaseException) -> BaseException:
    while isinstance(failure, BaseExceptionGroup):
        (failure,) = failure.exceptions
    return failure

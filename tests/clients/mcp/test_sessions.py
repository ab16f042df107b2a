"""Conversations with the MCP server: beside each other, broken off, and continued on a connector that was restarted."""

import asyncio
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import pytest
from programs import Program
from sdk_clients import MODES, Tools, connected, text_of

pytest_plugins = ["sdk_fixtures"]
pytestmark = pytest.mark.anyio


async def test_two_conversations_do_not_see_each_other(connector, mode):
    """Neither variables nor files, also if their calls alternate."""
    async with (
        connected(connector.url, connector.key, mode=mode) as first,
        connected(connector.url, connector.key, mode=mode) as second,
    ):
        ids = []
        for client, secret in ((first, "red"), (second, "blue")):
            code = f"secret = {secret!r}\nopen('/mnt/data/{secret}.txt', 'w').write(secret)"
            said = text_of(await client.call_tool("ExecutePythonCode", {"pythonCode": code}))
            ids.append(said.split("Session ID: ")[1].split()[0])
        assert ids[0] != ids[1]
        for client, session_id, own, other in ((first, ids[0], "red", "blue"), (second, ids[1], "blue", "red")):
            tools = Tools(client, session_id)
            code = "import os\nsecret, os.listdir('/mnt/data')"
            said = await tools.said("ExecutePythonCode", pythonCode=code) + await tools.said("ListFiles")
            assert own in said and other not in said
            assert "FileNotFound" in await tools.refused("GetFile", fileName=f"{other}.txt")


async def test_a_client_that_disconnects_leaves_the_session_usable(connector, mode, session_id):
    """The run that it waited for ends by itself, and the next client finds its result."""
    code = (
        "import os, time\nopen('/mnt/data/started', 'w').close()\n"
        "while not os.path.exists('/mnt/data/go'):\n    time.sleep(0.05)\n"
        "open('/mnt/data/ended', 'w').write('42')"
    )
    async with connected(connector.url, connector.key, mode="legacy") as watching:
        watched = Tools(watching, session_id)

        async def leave() -> None:
            async with connected(connector.url, connector.key, mode=mode) as client:
                await Tools(client, session_id)("ExecutePythonCode", pythonCode=code)

        leaving = asyncio.create_task(leave())
        while "started" not in await watched.said("ListFiles"):
            assert not leaving.done()
        leaving.cancel()
        with pytest.raises(asyncio.CancelledError):
            await leaving
        await watched.said("UploadFile", fileName="go", content="")
        assert "42" in (await watched.said("ExecutePythonCode", pythonCode="open('/mnt/data/ended').read()"))


@pytest.fixture
def start_connector(start_pool: Callable[..., Any]) -> Callable[[int], Any]:
    """Returns a context manager that runs a connector at a port, always with the same pool and key for signatures."""
    pool = start_pool()
    settings = {**pool.identity, "POOL_MANAGEMENT_ENDPOINT": pool.endpoint, "SIGNING_KEY": secrets.token_urlsafe(32)}

    @contextmanager
    def start(port: int) -> Iterator[str]:
        program = Program("tests.clients.mcp.connector_alone", str(port), **settings)
        try:
            yield program.output["connector"]
        finally:
            program.terminate()
            program.wait()

    return start


@pytest.mark.parametrize("mode", MODES)
async def test_a_conversation_goes_on_after_a_restart(start_connector, session_id, mode):
    """The client does not notice: the server has no memory of connections, and the pool has the sessions."""
    with start_connector(0) as url:
        conversation = connected(url, None, mode=mode)
        tools = Tools(await conversation.__aenter__(), session_id)
        await tools.said("ExecutePythonCode", pythonCode="rows = [1, 2, 3]")
        await tools.said("UploadFile", fileName="a.txt", content="kept")
    with start_connector(urlsplit(url).port):
        assert "6" in (await tools.said("ExecutePythonCode", pythonCode="sum(rows)")).split()
        assert "kept" in await tools.said("GetFile", fileName="a.txt")
        assert len((await tools.client.list_tools()).tools) == 10
        await conversation.__aexit__(None, None, None)

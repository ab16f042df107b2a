"""Fixtures of the tests beside it: clients in each of the SDK's modes."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from mcp import Client
from sdk_clients import MODES, Tools, connected


@pytest.fixture(params=MODES)
def mode(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
async def client(connector: Any, mode: str) -> AsyncIterator[Client]:
    async with connected(connector.url, connector.key, mode=mode) as client:
        yield client


@pytest.fixture
def tools(client: Client, session_id: str) -> Tools:
    return Tools(client, session_id)


@pytest.fixture
async def impatient_tools(impatient_connector: Any, mode: str, session_id: str) -> AsyncIterator[Tools]:
    """Of a connector that waits one second for runs."""
    async with connected(impatient_connector.url, impatient_connector.key, mode=mode) as client:
        yield Tools(client, session_id)

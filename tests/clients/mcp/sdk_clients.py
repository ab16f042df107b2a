"""The MCP SDK for Python as a client of the connector's MCP server, and what a model reads of its results."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx2
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from mcp_types import CallToolResult, TextContent

MODES = ("legacy", "auto", "2026-07-28")
EXECUTION_ID = re.compile(r"executionId ([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\b")


@asynccontextmanager
async def connected(url: str, key: str | None, **options: Any) -> AsyncIterator[Client]:
    """A client of the server at `url`/mcp. `options` are those of the SDK's client."""
    headers = {} if key is None else {"x-functions-key": key}
    async with httpx2.AsyncClient(headers=headers, timeout=100) as http:
        async with Client(streamable_http_client(f"{url}/mcp", http_client=http), **options) as client:
            yield client


@dataclass(frozen=True)
class Tools:
    """Calls tools in one session, as a model does. Results are the SDK's."""

    client: Client
    session_id: str

    async def __call__(self, name: str, **arguments: Any) -> CallToolResult:
        return await self.client.call_tool(name, {"sessionId": self.session_id, **arguments})

    async def said(self, name: str, **arguments: Any) -> str:
        """The text of a result that is no error."""
        result = await self(name, **arguments)
        assert not result.is_error, result
        return text_of(result)

    async def refused(self, name: str, **arguments: Any) -> str:
        """The text of a result that is an error."""
        result = await self(name, **arguments)
        assert result.is_error, result
        assert result.structured_content is None
        return text_of(result)


def text_of(result: CallToolResult) -> str:
    """What the model reads."""
    assert isinstance(result.content[0], TextContent), "text comes first"
    return "\n".join(content.text for content in result.content if isinstance(content, TextContent))


def execution_id_of(text: str) -> str:
    """The one that the text states of a run that has not ended."""
    (found,) = set(EXECUTION_ID.findall(text))
    return str(found)

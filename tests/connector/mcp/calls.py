"""Calls of the running connector's MCP server, as hosts of agents make them, and their limits for every answer."""

import itertools
import time
from dataclasses import dataclass
from typing import Any

from tests.conftest import Api

LEGACY, MODERN = "2025-11-25", "2026-07-28"
MOST_CHARACTERS = 100_000
"""Of a complete answer. Hosts of agents truncate or refuse more."""

_META = "io.modelcontextprotocol/"
_NAMED_BY = {"tools/call": "name", "prompts/get": "name", "resources/read": "uri"}
_numbers = itertools.count(1)


@dataclass(frozen=True)
class Answer:
    status: int
    body: dict[str, Any]
    characters: int
    seconds: float

    @property
    def result(self) -> dict[str, Any]:
        found: dict[str, Any] = self.body["result"]
        return found

    @property
    def error(self) -> dict[str, Any]:
        found: dict[str, Any] = self.body["error"]
        return found


@dataclass(frozen=True)
class ToolResult:
    """`text` is that of all text blocks; `others` are the other blocks."""

    text: str
    others: list[dict[str, Any]]
    is_error: bool
    answer: Answer

    @property
    def images(self) -> list[dict[str, Any]]:
        return [block for block in self.others if block["type"] == "image"]

    @property
    def links(self) -> list[dict[str, Any]]:
        return [block for block in self.others if block["type"] == "resource_link"]

    @property
    def session_id(self) -> str:
        return self.after("Session ID: ")

    def after(self, words: str) -> str:
        """The word that follows."""
        return self.text.partition(words)[2].split()[0].rstrip(".,")


def request(
    api: Api,
    method: str,
    params: dict[str, Any] | None = None,
    *,
    version: str = LEGACY,
    extensions: tuple[str, ...] = (),
    headers: dict[str, str] | None = None,
    query: str = "",
) -> Answer:
    """One request of either generation. Its answer is below MOST_CHARACTERS, unless it is the content of a resource."""
    params = dict(params or {})
    sent = {"MCP-Protocol-Version": version, **(headers or {})}
    if version == MODERN:
        capabilities = {"extensions": {name: {} for name in extensions}}
        params["_meta"] = {_META + "protocolVersion": MODERN, _META + "clientCapabilities": capabilities}
        sent["Mcp-Method"] = method
        name = _NAMED_BY.get(method, "taskId")
        if name in params:
            sent["Mcp-Name"] = params[name]
    began = time.monotonic()
    body = {"jsonrpc": "2.0", "id": next(_numbers), "method": method, "params": params}
    response = api.call("POST", f"/mcp{query}", json=body, headers=sent)
    answer = Answer(response.status_code, response.json(), len(response.text), time.monotonic() - began)
    assert method == "resources/read" or answer.characters < MOST_CHARACTERS
    return answer


def call(
    api: Api, tool: str, *, headers: dict[str, str] | None = None, query: str = "", **arguments: Any
) -> ToolResult:
    return result_of(request(api, "tools/call", {"name": tool, "arguments": arguments}, headers=headers, query=query))


def result_of(answer: Answer) -> ToolResult:
    """What a tool returned. It keeps the rules of all hosts, see the docstring of `connector/mcp/results.py`."""
    result = answer.result
    content = result["content"]
    others = [block for block in content if block["type"] != "text"]
    kinds = {block["type"] for block in others}
    assert content[0]["type"] == "text", "text comes first"
    assert "structuredContent" not in result
    assert kinds in (set(), {"image"}, {"resource_link"}), "links stand beside no image"
    assert "isError" not in result or (result["isError"] is True and "image" not in kinds)
    text = "\n".join(block["text"] for block in content if block["type"] == "text")
    return ToolResult(text, others, "isError" in result, answer)


def run(api: Api, code: str, session_id: str | None = None, **arguments: Any) -> ToolResult:
    return call(api, "ExecutePythonCode", pythonCode=code, sessionId=session_id, **arguments)

"""What OpenAI does with a tool of the type `mcp`: it lists and calls the tools of the server itself.

Written from the reference of the Responses API and the types of the package `openai`: the items `mcp_list_tools`,
`mcp_call` and `mcp_approval_request`, `allowed_tools`, `require_approval` and `headers`. How OpenAI hands images of a
result to the model is not documented; here, as in `mcp_call.output`, only text reaches it.
"""

import asyncio
import json
from typing import Any

import httpx2
from mcp.client.client import Client
from mcp.client.streamable_http import streamable_http_client
from scripted_model import Call, Given, Json, ScriptedModel, message, response_with


class HostedMcpModel(ScriptedModel):
    """A scripted model whose calls are made at the MCP server of the request."""

    def __init__(self, script: Any) -> None:
        super().__init__(script)
        self._pending: Call | None = None

    def respond(self, path: str, request: Json) -> Json:
        """Conversations are kept by OpenAI."""
        if path == "/v1/conversations":
            return {"id": "conv_1", "object": "conversation", "created_at": 1, "metadata": {}}
        return super().respond(path, request)

    def response(self, request: Json) -> Json:
        """All calls that need no approval, then the answer, or the request for an approval."""
        assert request["conversation"] == "conv_1"
        (tool,) = request["tools"]
        assert tool["type"] == "mcp" and tool["server_label"]
        return response_with(asyncio.run(self._items(request["input"][-1], tool)))

    async def _items(self, last: Json, tool: Json) -> list[Json]:
        async with (
            httpx2.AsyncClient(headers=tool["headers"], timeout=100) as http,
            Client(streamable_http_client(tool["server_url"], http_client=http)) as server,
        ):
            listed = (await server.list_tools()).tools
            tools = {
                each.name: {"description": each.description, "parameters": each.input_schema}
                for each in listed
                if each.name in tool["allowed_tools"]
            }
            shown = [{"name": name, "input_schema": entry["parameters"]} for name, entry in tools.items()]
            items: list[Json] = [
                {"type": "mcp_list_tools", "id": "mcpl", "server_label": tool["server_label"], "tools": shown}
            ]
            if last.get("type") == "mcp_approval_response":
                assert last["approval_request_id"] == "mcpr" and self._pending is not None
                assert last["approve"], "The example was expected to approve."
                call, self._pending = self._pending, None
                items.append(await _called(server, call, tool))
                answered = self.answer(Given(items[-1]["output"], (), tools))
            else:
                answered = self.answer(Given(last["content"], (), tools))
            while isinstance(answered, Call):
                if answered.name not in tool["require_approval"]["never"]["tool_names"]:
                    self._pending = answered
                    return [*items, {"type": "mcp_approval_request", "id": "mcpr", **_item(answered, tool)}]
                items.append(await _called(server, answered, tool))
                answered = self.answer(Given(items[-1]["output"], (), tools))
            return [*items, message(answered)]


def _item(call: Call, tool: Json) -> Json:
    return {"name": call.name, "arguments": json.dumps(call.arguments), "server_label": tool["server_label"]}


async def _called(server: Client, call: Call, tool: Json) -> Json:
    result = await server.call_tool(call.name, call.arguments)
    text = "\n".join(block.text for block in result.content if block.type == "text")
    error = {"type": "mcp_tool_execution_error", "content": text} if result.is_error else None
    return {"type": "mcp_call", "id": "mcp", **_item(call, tool), "output": text, "error": error}

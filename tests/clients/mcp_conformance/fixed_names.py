"""Tools, resources and prompts of the names that the conformance suite asks for, as methods of the MCP server.

Contents are what the suite expects. Its tools of long runs are runs of the connector, so that tasks are the real ones.
Source: SDK_INTEGRATION.md and the scenarios' descriptions of @modelcontextprotocol/conformance.
"""

import base64
import io
import re
import struct
import wave
import zlib
from typing import Any

from connector.mcp import methods as real
from connector.mcp.context import McpContext
from connector.mcp.protocol import (
    INVALID_PARAMS,
    MISSING_CLIENT_CAPABILITY,
    RESOURCE_NOT_FOUND,
    Client,
    Json,
    Methods,
    ProtocolError,
)
from connector.mcp.tools import call_tool


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def _png() -> str:
    """One red pixel."""
    header, pixels = struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0), zlib.compress(b"\0\xff\0\0")
    parts = _chunk(b"IHDR", header), _chunk(b"IDAT", pixels), _chunk(b"IEND", b"")
    return base64.b64encode(b"\x89PNG\r\n\x1a\n" + b"".join(parts)).decode()


def _wav() -> str:
    """A moment of silence."""
    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(1)
        sound.setframerate(8000)
        sound.writeframes(b"\x80" * 8)
    return base64.b64encode(file.getvalue()).decode()


def _text(words: str) -> Json:
    return {"type": "text", "text": words}


def _embedded(uri: str, mime_type: str, text: str) -> Json:
    return {"type": "resource", "resource": {"uri": uri, "mimeType": mime_type, "text": text}}


PNG = _png()
_IMAGE = {"type": "image", "data": PNG, "mimeType": "image/png"}
_CONTENTS: dict[str, list[Json]] = {
    "test_simple_text": [_text("This is a simple text response for testing.")],
    "test_image_content": [_IMAGE],
    "test_audio_content": [{"type": "audio", "data": _wav(), "mimeType": "audio/wav"}],
    "test_embedded_resource": [
        _embedded("test://embedded-resource", "text/plain", "This is an embedded resource content.")
    ],
    "test_multiple_content_types": [
        _text("Multiple content types test:"),
        _IMAGE,
        _embedded("test://mixed-content-resource", "application/json", '{"test":"data","value":123}'),
    ],
}
_FAILING = "test_error_handling"
_RUNS = {
    "slow_compute": "import time\ntime.sleep({seconds})\n'computed'",
    "failing_job": "import time\ntime.sleep(2)\nraise RuntimeError('the job fails')",
}
_MISSING = "test_missing_capability"
_GREETING = "greet"
_SECONDS = {"type": "object", "properties": {"seconds": {"type": "integer", "description": "How long it takes."}}}
_NAME = {"type": "object", "properties": {"name": {"type": "string", "description": "Who is greeted."}}}
_EMPTY: Json = {"type": "object", "properties": {}}

_EMBEDDING = "test_prompt_with_embedded_resource"
_PROMPTS: dict[str, tuple[str, ...]] = {
    "test_simple_prompt": (),
    "test_prompt_with_arguments": ("arg1", "arg2"),
    _EMBEDDING: ("resourceUri",),
    "test_prompt_with_image": (),
}
"""With the names of their arguments."""

_TEMPLATE = re.compile(r"test://template/([^/]+)/data")


def methods(context: McpContext) -> Methods:
    """Of the real server those for tasks, and in place of the others those of the suite's names."""
    kept = {name: method for name, method in real.methods(context).items() if name.startswith("tasks/")}
    tools = [_listed(name) for name in (*_CONTENTS, _FAILING, _MISSING, _GREETING, *_RUNS)]
    return {
        **kept,
        "tools/list": lambda _, __: {"tools": tools},
        "tools/call": lambda params, client: _called(context, params, client),
        "resources/list": lambda _, __: {"resources": [_resource(uri) for uri in _RESOURCES]},
        "resources/templates/list": lambda _, __: {"resourceTemplates": [_TEMPLATE_ENTRY]},
        "resources/read": _read,
        "prompts/list": lambda _, __: {"prompts": [_prompt(name) for name in _PROMPTS]},
        "prompts/get": lambda params, _: _got(params),
    }


def _listed(name: str) -> Json:
    schema = {"slow_compute": _SECONDS, _GREETING: _NAME}.get(name, _EMPTY)
    return {"name": name, "description": f"The suite's {name}.", "inputSchema": schema}


def _called(context: McpContext, params: Json, client: Client) -> Json:
    name, arguments = params.get("name"), params.get("arguments", {})
    if name == _MISSING:  # of a client, for what no tool of the connector needs
        needed = {"requiredCapabilities": {"sampling": {}}}
        raise ProtocolError(MISSING_CLIENT_CAPABILITY, "The tool needs sampling, which is not offered.", needed)
    if name == _GREETING:
        return {"content": [_text(f"Hello, {arguments.get('name')}!")]}
    if name == _FAILING:
        return {"isError": True, "content": [_text("This tool intentionally returns an error for testing")]}
    if name in _RUNS:
        code = _RUNS[name].format(seconds=int(arguments.get("seconds", 2)))
        return call_tool(context, {"name": "ExecutePythonCode", "arguments": {"pythonCode": code}}, client)
    if name not in _CONTENTS:
        raise ProtocolError(INVALID_PARAMS, "There is no such tool.")
    return {"content": _CONTENTS[name]}


_RESOURCES: dict[str, Json] = {
    "test://static-text": {"mimeType": "text/plain", "text": "This is the content of the static text resource."},
    "test://static-binary": {"mimeType": "image/png", "blob": PNG},
}
_TEMPLATE_ENTRY = {"uriTemplate": "test://template/{id}/data", "name": "template", "mimeType": "application/json"}


def _resource(uri: str) -> Json:
    return {"uri": uri, "name": uri.removeprefix("test://"), "mimeType": _RESOURCES[uri]["mimeType"]}


def _read(params: Json, client: Client) -> Json:
    uri: Any = params.get("uri")
    contents = _RESOURCES.get(uri)
    if contents is None and (found := _TEMPLATE.fullmatch(str(uri))):
        text = f'{{"id":"{found[1]}","templateTest":true,"data":"Data for ID: {found[1]}"}}'
        contents = {"mimeType": "application/json", "text": text}
    if contents is None:
        code = INVALID_PARAMS if client.is_modern else RESOURCE_NOT_FOUND
        raise ProtocolError(code, "There is no such resource.", {"uri": uri})
    return {"contents": [{"uri": uri, **contents}]}


def _prompt(name: str) -> Json:
    arguments = [{"name": argument, "description": "Any text.", "required": True} for argument in _PROMPTS[name]]
    return {"name": name, "description": f"The suite's {name}.", "arguments": arguments}


def _got(params: Json) -> Json:
    name, arguments = str(params.get("name")), params.get("arguments", {})
    if name not in _PROMPTS or not arguments.keys() >= {*_PROMPTS[name]}:
        raise ProtocolError(INVALID_PARAMS, "There is no such prompt, or an argument is missing.")
    contents: list[Json] = [_text("This is a simple prompt for testing.")]
    if name == _EMBEDDING:
        contents.insert(0, _embedded(arguments["resourceUri"], "text/plain", "Embedded resource content for testing."))
    elif name == "test_prompt_with_image":
        contents.insert(0, _IMAGE)
    elif arguments:
        contents = [_text(f"Prompt with arguments: arg1='{arguments['arg1']}', arg2='{arguments['arg2']}'")]
    return {"messages": [{"role": "user", "content": content} for content in contents]}

"""The headers that repeat parts of a message since 2026-07-28, for gateways, which do not read bodies.

A gateway decides by the headers, and the server by the body: they must agree. `Mcp-Param-NAME` repeats an argument of
a tool whose schema asks for that with `x-mcp-header`. No tool here does, because gateways log headers, and arguments
may be secret; so no such header is recognized, and any is ignored.
"""

import base64
import re
from collections.abc import Mapping

from .messages import Request, shown
from .protocol import HEADER_MISMATCH, ProtocolError

VERSION, METHOD, NAME = "mcp-protocol-version", "mcp-method", "mcp-name"

_NAMED_BY = {
    "tools/call": "name",
    "prompts/get": "name",
    "resources/read": "uri",
    "tasks/get": "taskId",
    "tasks/update": "taskId",
    "tasks/cancel": "taskId",
}
"""The parameter that Mcp-Name repeats. Those of tasks are in the extension's specification, "Routing Headers"."""

_ENCODED = re.compile(r"=\?base64\?(.*)\?=", re.DOTALL)
_PLAIN = re.compile(r"[\t\x20-\x7e]*")


def check(headers: Mapping[str, str], request: Request, version: str) -> None:
    """That the headers agree with the message, whose version is `version`. Raises ProtocolError."""
    _check("MCP-Protocol-Version", headers.get(VERSION), version)
    _check("Mcp-Method", headers.get(METHOD), request.method)
    name = request.params.get(_NAMED_BY.get(request.method, ""))
    if isinstance(name, str):  # otherwise the method refuses it
        received = headers.get(NAME)
        _check("Mcp-Name", None if received is None else _decoded(received), name)


def _check(header: str, received: str | None, expected: str) -> None:
    if received is None:
        raise ProtocolError(HEADER_MISMATCH, f"The header {header} is missing. Send what the body has.")
    if received != expected:
        raise ProtocolError(
            HEADER_MISMATCH,
            f"The header {header} is '{shown(received)}', and the body has '{shown(expected)}'. Send the same in both.",
        )


def _decoded(value: str) -> str:
    """Raises ProtocolError for a value that is not encoded as it must be."""
    found = _ENCODED.fullmatch(value)
    try:
        if found is not None:
            return base64.b64decode(found[1], validate=True).decode()
        if _PLAIN.fullmatch(value):
            return value
    except ValueError:
        pass
    raise ProtocolError(
        HEADER_MISMATCH,
        "The header Mcp-Name has a value that is not encoded correctly. Send plain ASCII, or =?base64?...?= around the "
        "base64 of UTF-8.",
    )

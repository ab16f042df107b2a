"""Thousands of broken messages, the same ones each time: each has a valid answer, and no error is the server's."""

import copy
import json
import random
from typing import Any

import pytest

from connector.mcp.messages import id_of
from connector.mcp.server import answer
from tests.connector.mcp.messages import METHODS, SERVER, legacy_headers, modern_headers, modern_request, request

VALID = [
    (request("initialize", {"protocolVersion": "2025-11-25", "capabilities": {}}), {}),
    (request("tools/list"), legacy_headers()),
    (request("tools/call", {"name": "A", "arguments": {"pythonCode": "1"}}), legacy_headers("2025-03-26")),
    ({"jsonrpc": "2.0", "method": "notifications/initialized"}, legacy_headers()),
    (modern_request("server/discover"), modern_headers("server/discover")),
    (modern_request("tools/call", {"name": "A", "arguments": {}}), modern_headers("tools/call", "A")),
    (modern_request("nothing"), modern_headers("nothing")),
    (modern_request("resources/read", {"uri": "a:b"}), modern_headers("resources/read", "=?base64?YTpi?=")),
]
STRANGE: list[Any] = [
    None, True, False, 0, -1, 2**63, 10**300, 1.5, -0.0, float("nan"), float("inf"),
    "", "\x00", "\ud800", "\udfff\ud800",
    "\U0001f600", "x" * 5000, [], [[]], {}, {"": {}}, {"_meta": []}, {"a": [None] * 50}, "2026-07-28", "tools/call",
]  # fmt: skip
HEADERS = [
    "",
    " ",
    "x",
    "2026-07-28",
    "2025-11-25",
    "tools/call",
    "=?base64??=",
    "=?base64?????=",
    "\u00fc",
    "\x00",
    "a,b",
]
STATUSES = {200, 202, 400, 404}


def changed(value: Any, chance: random.Random) -> Any:
    """The value with one of its parts replaced, removed, renamed or moved."""
    if not isinstance(value, (dict, list)) or not value or chance.random() < 0.15:
        return copy.deepcopy(chance.choice(STRANGE))
    parts = list(value.items()) if isinstance(value, dict) else list(enumerate(value))
    name, part = chance.choice(parts)
    match chance.randrange(4):
        case 0:
            parts.remove((name, part))
        case 1:
            parts.append((chance.choice(["", "id", "method", "params", "_meta", "\ud800", "x"]), copy.deepcopy(part)))
        case _:
            parts[parts.index((name, part))] = (name, changed(part, chance))
    return dict(parts) if isinstance(value, dict) else [part for _, part in parts]


def changed_headers(headers: dict[str, str], chance: random.Random) -> dict[str, str]:
    changed = {name: value for name, value in headers.items() if chance.random() < 0.9}
    if chance.random() < 0.3:
        changed[chance.choice(["mcp-protocol-version", "mcp-method", "mcp-name"])] = chance.choice(HEADERS)
    return changed


@pytest.mark.parametrize("seed", range(8))
def test_a_broken_message_has_a_valid_answer(seed: int) -> None:
    """With a documented status and its ID; only notifications have none."""
    chance = random.Random(seed)
    seen = set()
    for _ in range(1500):
        message, headers = copy.deepcopy(chance.choice(VALID))
        for _ in range(chance.randrange(1, 4)):
            message = changed(message, chance)
        given = answer(message, changed_headers(headers, chance), SERVER, METHODS)
        seen.add(given.status)
        assert given.status in STATUSES
        assert (given.body is None) == (given.status == 202)
        if given.body is not None:
            assert given.body["jsonrpc"] == "2.0" and given.body["id"] == id_of(message)
            assert ("result" in given.body) != ("error" in given.body)
            json.dumps(given.body)
            if "error" in given.body:
                assert isinstance(given.body["error"]["code"], int) and given.body["error"]["message"]
    assert seen == STATUSES, "the messages are too broken, or not broken enough"

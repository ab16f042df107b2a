"""JSON as the service's serializers write it: reference ids, timestamps, and values that are not its own.

What is long is written in pieces while it is sent, so that it neither takes memory nor keeps other requests waiting.
"""

import json
import secrets
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from typing import Any

from starlette.responses import Response, StreamingResponse

from ..engines.interface import pace
from ..sessions.text import Text

_FIRST_SECOND = datetime(1, 1, 2, tzinfo=UTC).timestamp()
_LAST_SECOND = datetime(9999, 12, 30, tzinfo=UTC).timestamp()


class Verbatim(dict[str, Any]):
    """An object made by the session's code, which gets no reference id."""


def verbatim(value: Any) -> Any:
    """A value of the session's code, marked so that `json_response` leaves it unchanged."""
    return Verbatim(value) if isinstance(value, dict) else value


def json_response(
    body: Any,
    *,
    status: int = 200,
    headers: dict[str, str] | None = None,
    reference_ids: bool = False,
    media_type: str = "application/json; charset=utf-8",
) -> Response:
    """`reference_ids` numbers the objects as Newtonsoft's serializer does: `$id` first, depth first, not for arrays."""
    node = _numbered(body, _numbers()) if reference_ids else body
    long: dict[str, Text] = {}

    def placeholder(text: Any) -> str:
        if not isinstance(text, Text):
            raise TypeError(f"{type(text)} is not JSON")
        name = secrets.token_hex(16)
        long[name] = text
        return name

    text = _json(node, placeholder)
    if not long:
        return Response(_encoded(text), status, headers=headers, media_type=media_type)
    return StreamingResponse(_filled(text, long), status, headers=headers, media_type=media_type)


def json_list_response(name: str, batches: AsyncIterator[list[Any]], *, reference_ids: bool = False) -> Response:
    """An object with one member of that name, a list of all that is in the batches."""
    return StreamingResponse(_listed(name, batches, reference_ids), media_type="application/json; charset=utf-8")


async def _listed(name: str, batches: AsyncIterator[list[Any]], reference_ids: bool) -> AsyncIterator[bytes]:
    numbers = _numbers()
    begin, end = _json(_numbered({name: []}, numbers) if reference_ids else {name: []})[:-2], "]}"
    async for batch in batches:
        items = [_numbered(item, numbers) for item in batch] if reference_ids else batch
        if items:
            yield _encoded(begin + _json(items)[1:-1])
            begin = ","
    yield _encoded((begin if begin != "," else "") + end)


async def _filled(text: str, long: dict[str, Text]) -> AsyncIterator[bytes]:
    for name, content in long.items():
        before, text = text.split(name, 1)
        yield _encoded(before)
        for piece in content.pieces():
            await pace().turn()
            yield _encoded(_json(piece)[1:-1])
    yield _encoded(text)


def _json(node: Any, default: Any = None) -> str:
    return json.dumps(node, ensure_ascii=False, separators=(",", ":"), default=default)


def _encoded(text: str) -> bytes:
    """A lone surrogate, which code may print, is not valid Unicode: it is sent as "?"."""
    return text.encode("utf-8", "replace")


def _numbers() -> Iterator[str]:
    return iter(map(str, range(1, 1 << 30)))


def _numbered(node: Any, numbers: Iterator[str]) -> Any:
    if isinstance(node, list):
        return [_numbered(item, numbers) for item in node]
    if not isinstance(node, dict) or isinstance(node, Verbatim):
        return node
    numbered = {"$id": next(numbers)}
    for name, value in node.items():
        numbered[name] = _numbered(value, numbers)
    return numbered


def time_text(at: datetime | float) -> str:
    """.NET's round-trip format, with seven digits after the second.

    A time outside the calendar, which code can give to its files, is moved to the nearest one inside.
    """
    seconds = at.timestamp() if isinstance(at, datetime) else at
    inside = min(max(seconds, _FIRST_SECOND), _LAST_SECOND)
    return datetime.fromtimestamp(inside, UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "0Z"

"""JSON as the service's serializers write it: reference ids, timestamps, and values that are not its own."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from starlette.responses import Response

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
    numbers = iter(map(str, range(1, 1 << 30)))
    text = json.dumps(_numbered(body, numbers) if reference_ids else body, ensure_ascii=False, separators=(",", ":"))
    # A lone surrogate, which code may print, is not valid Unicode: it is sent as "?".
    return Response(text.encode("utf-8", "replace"), status, headers=headers, media_type=media_type)


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

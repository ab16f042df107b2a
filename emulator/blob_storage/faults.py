"""Faults on demand: failures that a client of storage must survive, for the next requests that match.

A fault is added by `add`, or at the route `/faults` of the server, and is used up by the requests that it affects:

    {"do": "answer", "status": 503, "errorCode": "ServerBusy", "retryAfter": 2}   nothing is done
    {"do": "delay", "seconds": 3}     do what is requested, but later
    {"do": "dropBefore"}              close the connection; nothing is done
    {"do": "dropAfter"}               do what is requested, then close the connection
    {"do": "truncate"}                do what is requested, and abort the answer in its middle

Each also takes `times` (default 1), and `method`, `operation` and `path`, which a request must match: `operation` is a
name such as "PutBlock" or "GetUserDelegationKey", and `path` a regular expression for all of "CONTAINER/BLOB", decoded.
"""

import asyncio
import json
import re
from dataclasses import asdict, dataclass, fields
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Message, Receive, Scope, Send

_ACTIONS = ("answer", "delay", "dropBefore", "dropAfter", "truncate")
_NUMBERS = {"times": (1, 1_000_000), "status": (400, 599), "retryAfter": (0, 86_400), "seconds": (0, 3600)}
_MAX_FAULTS = 1000
_MAX_BODY_BYTES = 64 << 10


class InvalidFault(ValueError):
    """The message states what is wrong with the fault."""


@dataclass
class Fault:
    """What happens, and to which requests. The members are named as on the wire."""

    do: str
    times: int = 1
    method: str = ""
    operation: str = ""
    path: str = ""
    seconds: float = 0
    status: int = 503
    errorCode: str = "ServerBusy"
    retryAfter: int | None = None

    def __post_init__(self) -> None:
        """Raises InvalidFault."""
        if self.do not in _ACTIONS:
            raise InvalidFault(f"'do' must be one of {', '.join(_ACTIONS)}")
        for name, (least, most) in _NUMBERS.items():
            value = getattr(self, name)
            kinds = int | float if name == "seconds" else int
            if name == "retryAfter" and value is None:
                continue
            if not isinstance(value, kinds) or isinstance(value, bool) or not least <= value <= most:
                raise InvalidFault(f"'{name}' must be a number from {least} to {most}")
        for name in ("method", "operation", "path", "errorCode"):
            if not isinstance(getattr(self, name), str):
                raise InvalidFault(f"'{name}' must be a string")
        if not re.fullmatch("[A-Za-z0-9]+", self.errorCode):
            raise InvalidFault("'errorCode' must be a word")
        try:
            re.compile(self.path)
        except (re.error, OverflowError) as error:  # OverflowError for a{99999999999}
            raise InvalidFault(f"'path' is not a regular expression: {error}") from None

    def matches(self, method: str, operation: str, path: str) -> bool:
        return (
            self.method.upper() in ("", method)
            and self.operation in ("", operation)
            and (not self.path or re.fullmatch(self.path, path) is not None)
        )


class Faults:
    """The faults that wait for a request, in the order in which they were added."""

    def __init__(self) -> None:
        self._waiting: list[Fault] = []

    def add(self, do: str, **members: Any) -> None:
        """Raises InvalidFault."""
        if unknown := sorted(members.keys() - {member.name for member in fields(Fault)}):
            raise InvalidFault(f"a fault has no member '{unknown[0]}'")
        if len(self._waiting) >= _MAX_FAULTS:
            raise InvalidFault(f"{_MAX_FAULTS} faults wait already")
        self._waiting.append(Fault(do, **members))

    def clear(self) -> None:
        self._waiting.clear()

    def waiting(self) -> list[Fault]:
        return list(self._waiting)

    def take(self, method: str, operation: str, path: str) -> Fault | None:
        """The first that matches, which uses it up."""
        fault = next((fault for fault in self._waiting if fault.matches(method, operation, path)), None)
        if fault is not None:
            fault.times -= 1
            if fault.times == 0:
                self._waiting.remove(fault)
        return fault

    async def answer(self, request: Request) -> Response:
        """POST adds a fault, GET lists those that wait, DELETE removes them."""
        if request.method == "POST":
            # Pages of other sites cannot send this type without permission.
            if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
                return _refusal(415, "Send a fault as application/json.")
            try:
                members = json.loads(await _limited_body(request))
                if not isinstance(members, dict):
                    raise InvalidFault("a fault is a JSON object")
                self.add(members.pop("do", ""), **members)
            except InvalidFault as invalid:
                return _refusal(400, f"{invalid}.")
            except (ValueError, RecursionError):
                return _refusal(400, "The body is not JSON.")
        elif request.method == "DELETE":
            self.clear()
        return JSONResponse({"waiting": [asdict(fault) for fault in self._waiting]})


async def before(fault: Fault | None) -> None:
    if fault is not None and fault.do == "delay":
        await asyncio.sleep(fault.seconds)


class Dropped(Response):
    """In place of an answer: the connection ends. `done` is what was done, and not told."""

    def __init__(self, done: Response | None = None) -> None:
        super().__init__()
        self._done = done

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._done is not None:

            async def lost(message: Message) -> None:
                pass

            await self._done(scope, receive, lost)  # a stream ends as usual
        scope["state"]["drop_connection"]()


class Truncated(Response):
    """The same head, and about half of the body."""

    def __init__(self, whole: Response) -> None:
        super().__init__()
        self._whole = whole

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        left = int(self._whole.headers.get("content-length", "0")) // 2

        async def half(message: Message) -> None:
            nonlocal left
            if message["type"] != "http.response.body":
                await send(message)
                return
            body = message.get("body", b"")[:left]
            left -= len(body)
            if body:
                await send({"type": "http.response.body", "body": body, "more_body": True})

        await self._whole(scope, receive, half)
        scope["state"]["drop_connection"]()


def applied(fault: Fault | None, response: Response) -> Response:
    """The response as the fault lets it through."""
    if fault is not None and fault.do == "dropAfter":
        return Dropped(response)
    if fault is not None and fault.do == "truncate":
        return Truncated(response)
    return response


async def _limited_body(request: Request) -> bytes:
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > _MAX_BODY_BYTES:
            raise InvalidFault("the body is too long")
    return body


def _refusal(status: int, message: str) -> JSONResponse:
    return JSONResponse({"error": {"code": "InvalidFault", "message": message}}, status_code=status)

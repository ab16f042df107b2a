"""Faults on demand: failures that a client must survive, for the next requests that match.

A fault is requested on the command line or at the route `/faults`, and is used up by the requests that it affects:

    {"do": "delay", "seconds": 3}                       answer as usual, but later
    {"do": "answer", "status": 429, "retryAfter": 2}    answer this instead; nothing is executed
    {"do": "dropBefore"}                                close the connection; nothing is executed
    {"do": "dropAfter"}                                 do what is requested, then close the connection
    {"do": "truncate"}                                  do what is requested, and abort the answer in its middle
    {"do": "expireSession"}                             end the session first, as its cooldown would
    {"do": "restartQueued"}                             see below
    {"do": "loseLastLine"}                              execute, without the last line of stdout
    {"do": "cutStreams"}                                execute, with streams of 4,096 bytes at most
    {"do": "refuseCommand"}                             do not start the command, as if it were too long

The last three were measured in Shell pools of the service: now and then the last line that a command writes is missing,
streams end without a sign, and a command of 128 KiB is not started. The first two apply to code, too.

`restartQueued` is for an execution that waits until its time is over, because code that an earlier one has scheduled on
the interpreter's event loop still runs. Without the fault, the execution alone is given up. With it, the interpreter is
interrupted, and restarted if it has not ended that code within two seconds.

Each also takes `times` (default 1), and `method`, `path` and `identifier`, which a request must match: `path` is a
regular expression for the complete path after the pool, such as "executions" or "files/.*", and `identifier` is the
query parameter. A request to the pool's MCP server has none; its session is that of its environment.
"""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from dataclasses import asdict, dataclass, fields
from typing import Any, cast, get_args

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from ..sessions import execution
from ..sessions.pool import Pool

_EXECUTION_FAULTS = tuple(filter(None, get_args(execution.Fault)))
_ACTIONS = ("delay", "answer", "dropBefore", "dropAfter", "truncate", "expireSession", *_EXECUTION_FAULTS)
_MAX_DELAY_SECONDS = 3600
_MAX_FAULTS = 1000
_MAX_BODY_BYTES = 64 << 10
_STATUSES_WITHOUT_BODY = (204, 304)


class InvalidFault(ValueError):
    """The message states what is wrong with the fault."""


@dataclass
class Fault:
    """What happens, and to which requests. The members are named as on the wire."""

    do: str
    times: int = 1
    method: str = ""
    path: str = ""
    identifier: str = ""
    seconds: float = 0
    status: int = 503
    retryAfter: int | None = None

    @classmethod
    def of(cls, members: Any) -> "Fault":
        """Raises InvalidFault."""
        if not isinstance(members, dict):
            raise InvalidFault("a fault is a JSON object")
        known = {field.name for field in fields(cls)}
        if unknown := sorted(set(members) - known):
            raise InvalidFault(f"a fault has no member '{unknown[0]}'; it has {', '.join(sorted(known))}")
        if members.get("do") not in _ACTIONS:
            raise InvalidFault(f"'do' must be one of {', '.join(_ACTIONS)}")
        for name, least, most in (
            ("times", 1, 1_000_000), ("status", 200, 599), ("retryAfter", 0, 86_400),
        ):  # fmt: skip
            value = members.get(name, least)
            if name == "retryAfter" and value is None:
                continue  # as in a list of faults
            if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
                raise InvalidFault(f"'{name}' must be a whole number from {least} to {most}")
        seconds = members.get("seconds", 0)
        is_number = isinstance(seconds, int | float) and not isinstance(seconds, bool)
        if not is_number or not 0 <= seconds <= _MAX_DELAY_SECONDS:
            raise InvalidFault(f"'seconds' must be a number from 0 to {_MAX_DELAY_SECONDS}")
        for name in ("method", "path", "identifier"):
            if not isinstance(members.get(name, ""), str):
                raise InvalidFault(f"'{name}' must be a string")
        try:
            re.compile(members.get("path", ""))
        except (re.error, OverflowError) as error:  # OverflowError for a{99999999999}
            raise InvalidFault(f"'path' is not a regular expression: {error}") from None
        return cls(**members)

    @classmethod
    def parse(cls, text: str) -> "Fault":
        """From the command line: `do=answer,status=429,times=2`. Raises InvalidFault."""
        members: dict[str, Any] = {}
        for part in text.split(","):
            name, equals, value = part.partition("=")
            if not equals:
                raise InvalidFault(f"'{part}' is not name=value")
            is_number = name in ("times", "seconds", "status", "retryAfter")
            try:
                members[name] = json.loads(value) if is_number else value
            except ValueError:
                raise InvalidFault(f"'{name}' must be a number") from None
        return cls.of(members)

    def matches(self, method: str, path: str, identifier: str) -> bool:
        return (
            self.method.upper() in ("", method)
            and self.identifier in ("", identifier)
            and (not self.path or re.fullmatch(self.path, path) is not None)
        )


class Faults:
    """The faults that wait for a request, in the order in which they were requested."""

    def __init__(self, *waiting: Fault) -> None:
        self._waiting = list(waiting)

    def take(self, request: Request, path: str, identifier: str, pool: Pool) -> "TakenFault":
        """The first fault that matches the request, which uses it up."""
        fault = next((fault for fault in self._waiting if fault.matches(request.method, path, identifier)), None)
        if fault is not None:
            fault.times -= 1
            if fault.times == 0:
                self._waiting.remove(fault)
        return TakenFault(fault, request, identifier, pool)

    async def answer(self, request: Request) -> Response:
        """POST adds a fault, GET lists those that wait, DELETE removes them."""
        if request.method == "POST":
            # Pages of other sites cannot send this type without permission.
            if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
                return _refusal(415, "Send a fault as application/json.")
            try:
                fault = Fault.of(json.loads(await _limited_body(request)))
                if len(self._waiting) >= _MAX_FAULTS:
                    raise InvalidFault(f"{_MAX_FAULTS} faults wait already; DELETE removes them")
                self._waiting.append(fault)
            except InvalidFault as invalid:
                return _refusal(400, f"{invalid}.")
            except (ValueError, RecursionError):
                return _refusal(400, "The body is not JSON.")
        elif request.method == "DELETE":
            self._waiting.clear()
        return JSONResponse({"waiting": [asdict(fault) for fault in self._waiting]})


class TakenFault:
    """The fault that applies to one request, or none."""

    def __init__(self, fault: Fault | None, request: Request, identifier: str, pool: Pool) -> None:
        self._fault = fault
        self._request = request
        self._identifier = identifier
        self._pool = pool

    @property
    def of_execution(self) -> execution.Fault:
        """What goes wrong with the execution that the request starts, if anything."""
        do = self._fault.do if self._fault is not None else ""
        return cast(execution.Fault, do) if do in _EXECUTION_FAULTS else ""

    @property
    def expires_session(self) -> bool:
        """The session of the request is to end first. `before` ends it, if the query names it."""
        return self._fault is not None and self._fault.do == "expireSession"

    async def before(self) -> Response | None:
        """The response that replaces the real one, if any."""
        match self._fault:
            case Fault(do="delay", seconds=seconds):
                await asyncio.sleep(seconds)
            case Fault(do="answer", status=status, retryAfter=retry_after):
                headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
                if status in _STATUSES_WITHOUT_BODY:
                    return Response(status_code=status, headers=headers)
                body = {"error": {"code": "FaultOnDemand", "message": "This response was requested as a fault."}}
                return JSONResponse(body, status, headers)
            case Fault(do="dropBefore"):
                return self._dropped()
            case Fault(do="expireSession"):
                await self._pool.end(self._identifier)
        return None

    async def after(self, response: Response) -> Response:
        """The response as the fault lets it through."""
        if self._fault is None or self._fault.do not in ("dropAfter", "truncate"):
            return response
        body = await _body(response)
        if self._fault.do == "dropAfter" or not body:  # a response without a body can be truncated in its head only
            return self._dropped()
        return _truncated(response, body)

    def _dropped(self) -> Response:
        self._request.state.drop_connection()
        return Response()


async def _body(response: Response) -> bytes:
    """The complete body: a stream closes its file when it has been read to its end."""
    if not isinstance(response, StreamingResponse):
        return bytes(response.body)
    chunks = [chunk.encode() if isinstance(chunk, str) else bytes(chunk) async for chunk in response.body_iterator]
    return b"".join(chunks)


def _truncated(response: Response, body: bytes) -> Response:
    """The same head, which promises the full length, and the first half of the body."""

    async def half() -> AsyncIterator[bytes]:
        yield body[: len(body) // 2]
        raise ConnectionAbortedError("the response is truncated on demand")

    headers = {**response.headers, "content-length": str(len(body))}
    return StreamingResponse(half(), response.status_code, headers=headers)


async def _limited_body(request: Request) -> bytes:
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > _MAX_BODY_BYTES:
            raise InvalidFault("the body is too long")
    return body


def _refusal(status: int, message: str) -> JSONResponse:
    return JSONResponse({"error": {"code": "InvalidFault", "message": message}}, status_code=status)

"""Stand-ins: services that answer in this process, and keep what flows give them."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from workflow_player.content import value_of
from workflow_player.messages import Request, Response
from workflow_player.services.operations import Operation, Parameter, Service

Json = dict[str, Any]


@dataclass(frozen=True)
class Call:
    """A call that a stand-in answers: the parameters of the operation, decoded, and the body."""

    operation_id: str
    path: Mapping[str, str]
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: Any
    content: bytes
    """The body as it was sent."""


Handler = Callable[[Call], Response]


class StandIn(Service):
    """A service whose operations are answered by functions. `failures` are answers that come first, to play faults."""

    def __init__(self, api: str, handlers: Mapping[Operation, Handler | None]) -> None:
        super().__init__(api, handlers)
        self._handlers = dict(handlers)
        self.failures: list[Response] = []
        self.calls: list[Call] = []

    def send(self, request: Request, seconds: float) -> Response:
        operation = self.by_path(request.method, request.url)
        handler = self._handlers[operation]
        content_type = next((value for name, value in request.headers.items() if name.lower() == "content-type"), None)
        call = Call(
            operation.operation_id,
            operation.path_values(request.url) or {},
            request.queries,
            request.headers,
            value_of(request.body, content_type),
            request.body,
        )
        self.calls.append(call)
        if self.failures:
            return self.failures.pop(0)
        if handler is None:
            return error(400, f"{operation.operation_id} is no action")
        return handler(call)


def answer(value: Any, status: int = 200) -> Response:
    """A response with JSON."""
    return Response(status, {"Content-Type": "application/json; charset=utf-8"}, json.dumps(value).encode())


def error(status: int, message: str) -> Response:
    """As connectors report errors."""
    return answer({"status": status, "message": message, "error": {"message": message}}, status)


def path(name: str, times: int = 2) -> Parameter:
    return Parameter(name, "path", required=True, times=times)


def query(name: str, *, required: bool = False, kind: str = "string") -> Parameter:
    return Parameter(name, "query", required, schema={"type": kind})


def header(name: str) -> Parameter:
    return Parameter(name, "header", schema={"type": "string"})


def body(name: str, schema: Json | None = None, *, required: bool = True) -> Parameter:
    """The parameter of a body. A schema of binary content takes any value."""
    return Parameter(name, "body", required, schema=schema or {"type": "string", "format": "binary"})


def members(required: str, optional: str = "") -> Json:
    """The schema of an object with these members, and no others."""
    names = [*required.split(), *optional.split()]
    return {
        "type": "object",
        "required": required.split(),
        "properties": {name: {} for name in names},
        "additionalProperties": False,
    }

"""Stand-ins: services that answer in this process, and keep what flows give them."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from workflow_player.content import BINARY, value_of
from workflow_player.errors import FlowError
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


@dataclass
class _Upload:
    begun: Request
    content: bytes = b""


_CHUNKS = "/chunks/"


class StandIn(Service):
    """A service whose operations are answered by functions. `failures` are answers that come first, to play faults."""

    def __init__(self, api: str, handlers: Mapping[Operation, Handler | None]) -> None:
        super().__init__(api, handlers)
        self._handlers = dict(handlers)
        self._uploads: list[_Upload] = []
        self.failures: list[Response] = []
        self.calls: list[Call] = []

    def send(self, request: Request, seconds: float) -> Response:
        """Answers one request. An upload in chunks is answered by its last chunk."""
        if self.failures:
            return self.failures.pop(0)
        if request.url.startswith(_CHUNKS):
            return self._chunk(request)
        operation = self.by_path(request.method, request.url)
        if header_of(request, "x-ms-transfer-mode") == "chunked":
            if not operation.takes_chunks:
                raise FlowError(f"{operation.operation_id} takes no content in chunks")
            self._uploads.append(_Upload(request))
            return Response(200, {"Location": f"{_CHUNKS}{len(self._uploads) - 1}"})
        return self._answered(operation, request)

    def _answered(self, operation: Operation, request: Request) -> Response:
        call = Call(
            operation.operation_id,
            operation.path_values(request.url) or {},
            request.queries,
            request.headers,
            value_of(request.body, header_of(request, "content-type")),
            request.body,
        )
        self.calls.append(call)
        handler = self._handlers[operation]
        if handler is None:
            return error(400, f"{operation.operation_id} is no action")
        return handler(call)

    def _chunk(self, request: Request) -> Response:
        upload = self._uploads[int(request.url.removeprefix(_CHUNKS))]
        upload.content += request.body
        begun = upload.begun
        received = {"Range": f"bytes=0-{len(upload.content) - 1}"}
        if len(upload.content) < int(header_of(begun, "x-ms-content-length") or 0):
            return Response(200, received)
        kind = header_of(request, "content-type") or BINARY
        headers = {**begun.headers, "Content-Type": kind}
        whole = Request(begun.method, begun.url, begun.queries, headers, upload.content)
        final = self._answered(self.by_path(begun.method, begun.url), whole)
        return Response(final.status, {**final.headers, **received}, final.body)


def answer(value: Any, status: int = 200) -> Response:
    """A response with JSON."""
    return Response(status, {"Content-Type": "application/json; charset=utf-8"}, json.dumps(value).encode())


def error(status: int, message: str) -> Response:
    """As connectors report errors."""
    return answer({"status": status, "message": message, "error": {"message": message}}, status)


def header_of(request: Request, name: str) -> str | None:
    return next((value for key, value in request.headers.items() if key.lower() == name), None)


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

"""The pool's data plane over HTTP: it checks the token, selects the wire family of the api-version, and adds faults.

The routes and bodies of a version are defined by its family's module. A path may have any prefix before
`/sessionPools/{name}`, as a gateway adds one.
"""

import contextlib
import gzip
import re
import uuid
import zlib
from collections import Counter
from collections.abc import AsyncIterable, AsyncIterator
from typing import Any
from urllib.parse import unquote

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route, request_response

from ..engines.interface import pace
from ..sessions.pool import Pool
from . import family_legacy
from .calls import Call, query_parameter
from .certificate import Certificate
from .errors import error_response
from .family_a import FamilyA
from .family_b import FamilyB
from .faults import Faults
from .loopback import LoopbackServer
from .mcp import ROUTE, McpServer
from .tokens import LEGACY_AUDIENCE, Forbidden, TokenAuthority, Unauthorized

PATH = "/subscriptions/local/resourceGroups/local/sessionPools/local"
FAULTS_PATH = "/faults"
_PRESENT_AT_ONCE = 4
"""Requests with the same identifier, or with none, that are handled as they arrive; more wait for their turns."""

_SLICES_OF_A_REQUEST = 2
_GZIP = 16 + zlib.MAX_WBITS

_VERSIONS: dict[str, FamilyA | FamilyB] = {
    "2024-02-02-preview": FamilyA(),
    "2024-08-02-preview": FamilyA(),
    "2024-10-02-preview": FamilyB(
        api_versions="2024-10-02-preview",
        reference_ids=True,
        synchronous_status=202,
        has_types_of_uploads=False,
        has_sessions=False,
        has_folders=False,
        has_stop_session=False,
        takes_legacy_audience=True,
    ),
    "2025-02-02-preview": FamilyB(synchronous_status=202, has_folders=False, has_stop_session=False),
    "2025-10-02-preview": FamilyB(),
}


class SessionPoolServer:
    """The data plane on loopback. `endpoint` is what Azure calls the pool management endpoint."""

    def __init__(
        self,
        pool: Pool,
        authority: TokenAuthority,
        *,
        port: int = 0,
        faults: Faults | None = None,
        certificate: Certificate | None = None,
        mcp: McpServer | None = None,
    ) -> None:
        """`certificate` makes it https. Without `mcp`, the pool has no MCP server. Raises PortInUse."""
        app = make_app(pool, authority, faults or Faults(), mcp)
        self._server = LoopbackServer(app, port=port, certificate=certificate)
        self.url = self._server.url
        self.endpoint = self.url + PATH
        self.mcp = mcp
        self.mcp_endpoint = f"{self.endpoint}/{ROUTE}"
        """What Azure calls `mcpServerEndpoint`; with `mcp`, it answers there."""

    def start(self) -> None:
        """Returns when sessions can be created. Raises RuntimeError, caused by the EngineError, if they cannot."""
        self._server.start()

    def stop(self) -> None:
        self._server.stop()


def make_app(pool: Pool, authority: TokenAuthority, faults: Faults, mcp: McpServer | None = None) -> Starlette:
    """The ASGI app; the pool lives as long as it does."""

    present: Counter[str] = Counter()

    async def answer(request: Request) -> Response:
        pace().request_arrived()
        identifier = query_parameter(request, "identifier")
        if present[identifier] >= _PRESENT_AT_ONCE:
            await pace().turn(_SLICES_OF_A_REQUEST)
        present[identifier] += 1
        try:
            return await answer_present(request, identifier)
        finally:
            present[identifier] -= 1
            if not present[identifier]:
                del present[identifier]

    async def answer_present(request: Request, identifier: str) -> Response:
        pool_name, segments = _pool_and_segments(request)
        fault = faults.take(request, "/".join(segments), identifier, pool)
        instead = await fault.before()
        if instead is not None:
            return instead
        call = Call(
            pool,
            pool_name,
            request,
            segments,
            request.query_params.get("api-version", ""),
            fault=fault.of_execution,
            session_expires=fault.expires_session,
        )
        if mcp is not None and segments == [ROUTE]:
            response = await mcp.answer(call)
        else:
            response = await _answer(call, authority)
        return await fault.after(_with_front_end(request, response))

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        await pool.start()
        try:
            yield
        finally:
            await pool.stop()

    app = Starlette(lifespan=lifespan, routes=[Route(FAULTS_PATH, faults.answer, methods=["GET", "POST", "DELETE"])])
    app.router.default = request_response(answer)  # a route's pattern would not match every path that can be sent
    return app


async def _answer(call: Call, authority: TokenAuthority) -> Response:
    family = _VERSIONS.get(call.api_version)
    is_legacy = call.segments[:1] == ["python"] and (isinstance(family, FamilyA) or not call.api_version)
    audiences = [LEGACY_AUDIENCE] if is_legacy or (family is not None and family.takes_legacy_audience) else []
    try:
        authority.check(call.http.headers.get("authorization"), *audiences)
    except Unauthorized:
        return Response(status_code=401)
    except Forbidden:
        return Response(status_code=403)
    if not call.pool_name:
        return Response(status_code=404)
    if is_legacy:
        answer = family_legacy.answer
    elif family is not None:
        answer = family.answer
    else:
        return Response(status_code=401)  # the service's response to an unknown version
    try:
        response = await answer(call)
    except Exception as failure:
        response = error_response(failure, max_sessions=call.pool.max_sessions)
    if family is not None and family.api_versions:
        response.headers["api-supported-versions"] = family.api_versions
    return response


def _pool_and_segments(request: Request) -> tuple[str, list[str]]:
    """The pool's name, `""` when there is none, and what follows it in the path, each segment decoded."""
    raw = request.scope["raw_path"].decode("latin-1")
    segments = [unquote(step) for step in raw.split("/") if step]
    if "sessionPools" not in segments[:-1]:
        return "", []
    at = segments.index("sessionPools") + 1
    return segments[at], segments[at + 1 :]


def _with_front_end(request: Request, response: Response) -> Response:
    """With what the service's front end adds: its headers, compression, and no Content-Length for JSON."""
    response.headers.update(
        {
            "mise-correlation-id": str(uuid.uuid4()),
            "server": "Microsoft-IIS/10.0",
            "x-powered-by": "ASP.NET",
        }
    )
    if "json" in response.headers.get("content-type", ""):
        response.headers["vary"] = "Accept-Encoding"
        if _takes_gzip(request):
            response.headers["content-encoding"] = "gzip"
            if isinstance(response, StreamingResponse):
                response.body_iterator = _compressed(response.body_iterator)
            else:
                response.body = gzip.compress(bytes(response.body), compresslevel=1)
        if "content-length" in response.headers:
            del response.headers["content-length"]  # sent in chunks
    return response


async def _compressed(pieces: AsyncIterable[Any]) -> AsyncIterator[bytes]:
    compressor = zlib.compressobj(1, wbits=_GZIP)
    async for piece in pieces:
        if compressed := compressor.compress(piece):
            yield compressed
    yield compressor.flush()


def _takes_gzip(request: Request) -> bool:
    """Named in Accept-Encoding, and not with a weight of 0."""
    for coding in request.headers.get("accept-encoding", "").lower().split(","):
        name, _, weight = coding.replace(" ", "").partition(";")
        if name == "gzip":
            return not re.fullmatch(r"q=0(\.0*)?", weight)
    return False

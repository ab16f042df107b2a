"""The pool's data plane over HTTP: who may call, which version of the wire is meant, and that family's answer.

What the routes and bodies of a version look like is the business of its family's module; what happens behind them, of
the pool. Addresses may have anything before `/sessionPools/{name}`, as a service behind a gateway has.
"""

import contextlib
from collections.abc import AsyncIterator
from urllib.parse import unquote

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import request_response

from . import family_b
from .loopback import LoopbackServer
from .pool import Pool
from .tokens import Forbidden, TokenAuthority, Unauthorized

PATH = "/subscriptions/local/resourceGroups/local/sessionPools/local"

_FAMILIES = {"2025-10-02-preview": family_b.answer}


class SessionPoolServer:
    """The data plane on loopback. `endpoint` is what Azure calls the pool management endpoint."""

    def __init__(self, pool: Pool, authority: TokenAuthority, *, port: int = 0) -> None:
        """Raises PortInUse."""
        self._server = LoopbackServer(make_app(pool, authority), port=port)
        self.endpoint = self._server.url + PATH

    def start(self) -> None:
        """Returns when sessions can be had; raises RuntimeError, from the EngineError, when they cannot."""
        self._server.start()

    def stop(self) -> None:
        self._server.stop()


def make_app(pool: Pool, authority: TokenAuthority) -> Starlette:
    """The ASGI app; the pool lives as long as it does."""

    async def answer(request: Request) -> Response:
        try:
            authority.check(request.headers.get("authorization"))
        except Unauthorized:
            return Response(status_code=401)
        except Forbidden:
            return Response(status_code=403)
        family = _FAMILIES.get(request.query_params.get("api-version", ""))
        if family is None:
            return Response(status_code=401)  # the service says this of versions that it does not know
        segments = _segments(request)
        if segments is None:
            return Response(status_code=404)
        return await family(pool, request, segments)

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        await pool.start()
        try:
            yield
        finally:
            await pool.stop()

    app = Starlette(lifespan=lifespan)
    app.router.default = request_response(answer)  # a route's pattern would not match every path that can be sent
    return app


def _segments(request: Request) -> list[str] | None:
    """What follows the pool in the path, decoded step by step; None when no pool is named."""
    raw = request.scope["raw_path"].decode("latin-1")
    steps = [unquote(step) for step in raw.split("/") if step]
    if "sessionPools" not in steps[:-1]:
        return None
    return steps[steps.index("sessionPools") + 2 :]

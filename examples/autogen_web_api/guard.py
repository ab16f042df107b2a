"""Around every request: who sent it, a limit of its body, a line in the log, and no exception that reaches the server.

The log has neither addresses nor IDs: those of conversations are secrets, and are part of the path.
"""

import asyncio
import logging
import time
from collections.abc import Mapping

from fastapi.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .errors import ApiError, CrossSite, HostNotAllowed, Stopping, TooLarge
from .hosts import is_allowed, is_of_host

_LOG = logging.getLogger(__name__)
_BEYOND_FILES = 1_000_000
"""What a form may have besides its files, in bytes, and what any other body may have: its JSON takes many times as much
memory as its text.
"""


def error_response(error: ApiError) -> JSONResponse:
    """The JSON of an error, in the shape of the connector's own."""
    headers = {} if error.retry_after_seconds is None else {"Retry-After": str(error.retry_after_seconds)}
    body = {"error": {"code": error.code, "message": error.message}}
    return JSONResponse(body, status_code=error.status, headers=headers)


class Guard:
    """ASGI middleware."""

    def __init__(self, app: ASGIApp, most_body_bytes: int, allowed_hosts: tuple[str, ...]) -> None:
        self._app = app
        self._most_bytes = most_body_bytes + _BEYOND_FILES
        self._allowed_hosts = allowed_hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begin, status = time.monotonic(), 0

        async def noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                # Files were written by code. A browser that opens one must not run it as a part of this site.
                message["headers"] += [(b"x-content-type-options", b"nosniff"), (b"cache-control", b"no-store")]
            await send(message)

        received, most = 0, self._most_bytes_of(scope)

        async def counting() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > most:  # of a body without Content-Length
                raise _too_large(most)
            return message

        try:
            refusal = self._refusal(scope)
            if refusal is not None:
                await error_response(refusal)(scope, receive, noting)
            else:
                await self._app(scope, counting, noting)
        except asyncio.CancelledError:  # by the server, after the time that it grants answers when it is stopped
            if status:
                raise
            await error_response(Stopping())(scope, receive, noting)
        except Exception as error:
            # The traceback without the exception's text, which may have an address with an ID.
            place = error.__traceback__
            while place is not None and place.tb_next is not None:
                place = place.tb_next
            where = "" if place is None else f"{place.tb_frame.f_code.co_filename}:{place.tb_lineno}"
            _LOG.error("%s at %s", type(error).__name__, where)
            if not status:
                await error_response(ApiError("The app failed. Its log has the reason."))(scope, receive, noting)
        finally:
            route = getattr(scope.get("route"), "path", "-")
            _LOG.info("%s %s %s %.0f ms", scope["method"], route, status, (time.monotonic() - begin) * 1000)

    def _refusal(self, scope: Scope) -> ApiError | None:
        """Before the body is read: one that is too large would otherwise be stored first."""
        headers = dict(scope["headers"])
        if not is_allowed(headers.get(b"host", b"").decode("latin-1"), self._allowed_hosts):
            return HostNotAllowed(
                "The app does not answer to this host name. Use localhost, or add the name to ALLOWED_HOSTS."
            )
        acts = scope["method"] not in ("GET", "HEAD") or scope["path"] == "/chat"
        if acts and _is_of_another_site(headers):
            return CrossSite("A page of another site has sent the request. Open the page /docs of this app instead.")
        length, most = headers.get(b"content-length", b"0"), self._most_bytes_of(scope)
        return _too_large(most) if not length.isdigit() or int(length) > most else None

    def _most_bytes_of(self, scope: Scope) -> int:
        return self._most_bytes if scope["path"].endswith("/files") else _BEYOND_FILES


def _is_of_another_site(headers: Mapping[bytes, bytes]) -> bool:
    """By what browsers state, and pages cannot change. Sec-Fetch-Site is not sent to addresses with http, except to
    this machine, and by old browsers; Origin is not sent with a GET.
    """
    site, origin = headers.get(b"sec-fetch-site"), headers.get(b"origin")
    if site is not None:
        # A page of the same site may be anyone's: the next container app's, or that of another port.
        return site not in (b"same-origin", b"none")
    return origin is not None and not is_of_host(origin.decode("latin-1"), headers.get(b"host", b"").decode("latin-1"))


def _too_large(most_bytes: int) -> TooLarge:
    return TooLarge(f"The request is too large. Send at most {most_bytes:,} bytes at a time.")

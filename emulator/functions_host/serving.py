"""Serves one function app over HTTP on loopback, with the behavior of the real host.

It knows the app only by its folder: `loading` imports function_app.py by path, and everything else comes from what the
app declares. `host` in a comment is Azure/azure-functions-host, `worker` is Azure/azure-functions-python-worker; the
class or module is named where a rule is not evident. Other triggers and bindings are not served.
"""

import asyncio
import contextlib
import functools
import inspect
import logging
import os
import re
import secrets
import uuid
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import MappingProxyType
from typing import Any

import azure.functions as func
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import request_response

from emulator.session_pool.wire.loopback import LoopbackServer

from . import loading, messages
from .route_template import decoded_path
from .routes import RESERVED_ROUTES, HttpFunction, RouteTable, served

logger = logging.getLogger(__package__)

DEFAULT_MAX_BODY_BYTES = 104_857_600
"""Kestrel's limit; FUNCTIONS_REQUEST_BODY_SIZE_LIMIT overrides it (host: HttpRequestBodySizeMiddleware)."""


class FunctionsHost:
    """One function app, loaded and served on 127.0.0.1.

    The app shares this process: it sees its environment and its modules. `stop` undoes what loading the app added to
    `os.environ` and `sys.path`.
    """

    def __init__(
        self,
        app_root: Path,
        *,
        port: int = 0,
        require_keys: bool = False,
        chunked: messages.Chunked = "drop",
        app_settings: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        """Loads the app in `app_root`; `port` 0 picks a free one. Raises FunctionAppError and PortInUse.

        `app_settings` are defaults for the app's environment: a variable that is set, in the environment or in
        local.settings.json, wins.

        With `require_keys`, functions that are not anonymous require `function_key`; without it no key is checked, as
        in `func start`. `chunked` is what becomes of bodies without a length.
        """
        http_settings = loading.http_settings(app_root)
        self.prefix = loading.route_prefix(http_settings)
        self._chunked = chunked
        self.function_key = secrets.token_urlsafe(32) if require_keys else None
        self._custom_headers = {name: str(value) for name, value in http_settings.get("customHeaders", {}).items()}
        with contextlib.ExitStack() as undo:
            app = Starlette()
            app.router.default = request_response(self._answer)  # Starlette's own patterns do not match every path
            self._server = LoopbackServer(app, port=port)
            undo.callback(self._server.stop)
            self.url = self._server.url
            defaults = {"WEBSITE_HOSTNAME": self.url.removeprefix("http://"), **app_settings}
            undo.enter_context(loading.environment(app_root, defaults))
            module = undo.enter_context(loading.imported(app_root))
            self.functions = served(loading.http_functions(module, self.prefix))
            self._max_body_bytes = _positive_setting("FUNCTIONS_REQUEST_BODY_SIZE_LIMIT") or DEFAULT_MAX_BODY_BYTES
            self._threads = ThreadPoolExecutor(_positive_setting("PYTHON_THREADPOOL_THREAD_COUNT"), "function")
            self._undo = undo.pop_all()
        self._routes = RouteTable(self.functions)

    def start(self) -> None:
        """Returns when requests are answered."""
        self._server.start()

    def stop(self) -> None:
        """Closes the port within about a second, even while functions run; busy threads are abandoned."""
        self._server.stop()
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._undo.close()

    async def _answer(self, request: Request) -> Response:
        response = await self._respond(request)
        for name, value in self._custom_headers.items():
            response.headers.setdefault(name, value)  # a function's own wins (host: CustomHttpHeadersMiddleware)
        return response

    async def _respond(self, request: Request) -> Response:
        path = decoded_path(request.scope["raw_path"])
        if "\0" in path:
            return Response(status_code=400)  # as Kestrel does
        if path.removeprefix("/").partition("/")[0].lower() in RESERVED_ROUTES:
            return Response(status_code=200 if path.lower().removesuffix("/") == "/admin/host/ping" else 404)
        found = self._routes.find(path, request.method)
        if found is None:
            return Response(status_code=404)
        function, route_values = found
        query = messages.query_parameters(request.scope["query_string"])
        if not self._has_key(function, request, query):
            return Response(status_code=401)
        try:
            body = await messages.read_body(request, self._max_body_bytes, self._chunked)
        except ClientDisconnect:
            return Response(status_code=400)
        if body is None:
            return Response(status_code=413)
        received = messages.worker_request(request, query, route_values, body, self._chunked)
        return await self._invoke(function, request, received)

    def _has_key(self, function: HttpFunction, request: Request, query: dict[str, str]) -> bool:
        """The header decides if it is present, even next to a valid `code` (host: AuthenticationLevelHandler).

        One key replaces all of a real app's: function keys, host keys and the master key of ADMIN functions.
        """
        if self.function_key is None or function.auth_level == "ANONYMOUS":
            return True
        given = request.headers.get("x-functions-key", query.get("code", ""))
        return secrets.compare_digest(given.encode(), self.function_key.encode())

    async def _invoke(self, function: HttpFunction, request: Request, worker_request: func.HttpRequest) -> Response:
        invocation_id = str(uuid.uuid4())
        arguments: dict[str, Any] = {function.request_parameter: worker_request}
        if function.takes_context:
            trace = messages.trace_context(request)
            arguments["context"] = messages.Context(invocation_id, function.name, function.directory, trace)
        try:
            result = await self._call(function.user_function, arguments)
            return messages.http_response(result, request.method)
        except (Exception, SystemExit):
            logger.exception("Function '%s' failed (invocation %s)", function.name, invocation_id)
            return Response(status_code=500)

    async def _call(self, user_function: Callable[..., Any], arguments: dict[str, Any]) -> object:
        """A plain function runs in a thread, a coroutine function on the event loop (worker: dispatcher.py)."""
        if inspect.iscoroutinefunction(user_function):
            coroutine: Awaitable[object] = user_function(**arguments)
            return await coroutine
        call = functools.partial(user_function, **arguments)
        return await asyncio.get_running_loop().run_in_executor(self._threads, call)


def _positive_setting(name: str) -> int | None:
    """None if the variable is not set or not a positive number; the host and the worker treat both alike."""
    text = os.environ.get(name, "")
    return int(text) if re.fullmatch("0*[1-9][0-9]{0,17}", text) else None

"""Serves an Azure Functions app (Python, v2 model, HTTP triggers) over HTTP, with the habits of the real host.

It knows the app only by its folder: `function_app.py` is loaded by path, and everything else comes from what the app
declares. What is not evident comes from the sources of Azure Functions, named where it is used: `host` is
Azure/azure-functions-host, `worker` is Azure/azure-functions-python-worker. No other trigger or binding is served.
"""

import asyncio
import contextlib
import functools
import importlib.util
import inspect
import json
import logging
import os
import re
import secrets
import sys
import threading
import uuid
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType, ModuleType
from typing import Any
from urllib.parse import parse_qsl

import azure.functions as func
from azure.functions.http import HttpRequest as WorkerHttpRequest
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import request_response

from emulator.session_pool.wire.loopback import LoopbackServer

from .route_template import InvalidTemplate, RouteTemplate, decoded_path

logger = logging.getLogger(__package__)

DEFAULT_MAX_BODY_BYTES = 104_857_600
"""Kestrel's limit; FUNCTIONS_REQUEST_BODY_SIZE_LIMIT overrides it (host: HttpRequestBodySizeMiddleware)."""

_RESERVED_ROUTES = ("admin", "runtime")


class FunctionAppError(Exception):
    """The app in the folder cannot be served; the message says which file or function is at fault."""


@dataclass(frozen=True)
class HttpFunction:
    """One function with an HTTP trigger, as the host sees it."""

    name: str
    route: str  # without the prefix
    methods: frozenset[str] | None  # upper case; None stands for all
    auth_level: str  # ANONYMOUS, FUNCTION or ADMIN
    template: RouteTemplate = field(repr=False)
    user_function: Callable[..., Any] = field(repr=False)
    request_parameter: str = field(repr=False)
    takes_context: bool = field(repr=False)

    @property
    def directory(self) -> str:
        return str(Path(inspect.getfile(self.user_function)).parent)

    def allows(self, method: str) -> bool:
        return self.methods is None or method in self.methods

    def conflicts_with(self, other: "HttpFunction") -> bool:
        """True where both claim the same route with a method in common (host: ScriptHost.HttpRoutesConflict)."""
        if self.template.text.lower() != other.template.text.lower():
            return False
        return self.methods is None or other.methods is None or bool(self.methods & other.methods)


@dataclass(frozen=True)
class TraceContext:
    """The W3C trace context of one invocation."""

    trace_parent: str
    trace_state: str
    attributes: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Context:
    """What a parameter named `context` receives (worker: bindings/context.py)."""

    invocation_id: str
    function_name: str
    function_directory: str
    trace_context: TraceContext
    thread_local_storage: threading.local = field(default_factory=threading.local)
    retry_context: None = None


class FunctionsHost:
    """One function app, loaded and served on 127.0.0.1.

    The app shares this process: it sees its environment and its modules. What loading it added to `os.environ` and
    `sys.path` is taken back by `stop`.
    """

    def __init__(
        self,
        app_root: Path,
        *,
        port: int = 0,
        require_keys: bool = False,
        app_settings: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        """Loads the app in `app_root`; `port` 0 picks a free one. Raises FunctionAppError and PortInUse.

        `app_settings` stand in the app's environment where neither that nor local.settings.json has another value.

        With `require_keys` the functions that are not anonymous ask for `function_key`; without, nobody is asked, as in
        `func start`.
        """
        http_settings = _http_settings(app_root / "host.json")
        self.prefix = _prefix(http_settings)
        self.function_key = secrets.token_urlsafe(32) if require_keys else None
        self._custom_headers = {name: str(value) for name, value in http_settings.get("customHeaders", {}).items()}
        with contextlib.ExitStack() as undo:
            app = Starlette()
            app.router.default = request_response(self._answer)  # Starlette's own patterns do not match every path
            self._server = LoopbackServer(app, port=port)
            undo.callback(self._server.stop)
            self.url = self._server.url
            defaults = {"WEBSITE_HOSTNAME": self.url.removeprefix("http://"), **app_settings}
            undo.enter_context(_environment(app_root / "local.settings.json", defaults))
            module = undo.enter_context(_loaded(app_root))
            self.functions = _served(_http_functions(_function_app(module), self.prefix))
            self._max_body_bytes = _positive_setting("FUNCTIONS_REQUEST_BODY_SIZE_LIMIT") or DEFAULT_MAX_BODY_BYTES
            self._threads = ThreadPoolExecutor(_positive_setting("PYTHON_THREADPOOL_THREAD_COUNT"), "function")
            self._undo = undo.pop_all()
        self._by_precedence = sorted(self.functions, key=lambda function: function.template.precedence)
        self._warned_of: set[tuple[str, str]] = set()

    def start(self) -> None:
        """Returns when requests are answered."""
        self._server.start()

    def stop(self) -> None:
        """Closes the port within about a second, whatever the functions do; a thread that is busy is left behind."""
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
            return Response(status_code=400)  # Kestrel refuses it
        if path.removeprefix("/").partition("/")[0].lower() in _RESERVED_ROUTES:
            return Response(status_code=200 if path.lower().removesuffix("/") == "/admin/host/ping" else 404)
        found = self._find(path, request.method)
        if found is None:
            return Response(status_code=404)
        function, route_values = found
        query = _query(request.scope["query_string"])
        if not self._has_key(function, request, query):
            return Response(status_code=401)
        try:
            body = await _body(request, self._max_body_bytes)
        except ClientDisconnect:
            return Response(status_code=400)
        if body is None:
            return Response(status_code=413)
        return await self._invoke(function, request, _worker_request(request, query, route_values, body))

    def _find(self, path: str, method: str) -> tuple[HttpFunction, dict[str, str]] | None:
        """A method that is not allowed is no match: 404, not 405 (host: WebScriptHostHttpRoutesManager)."""
        matches = [
            (function, values)
            for function in self._by_precedence
            if function.allows(method) and (values := function.template.match(path)) is not None
        ]
        if not matches:
            return None
        self._warn_of_other_choice([function for function, _ in matches])
        return matches[0]

    def _warn_of_other_choice(self, candidates: list[HttpFunction]) -> None:
        """The host sorts the functions by name and takes the first that matches (host: FunctionMetadataManager)."""
        chosen, azure_would_choose = candidates[0].name, min(candidates, key=_name_order).name
        if chosen != azure_would_choose and (chosen, azure_would_choose) not in self._warned_of:
            self._warned_of.add((chosen, azure_would_choose))
            logger.warning(
                "A request matched the functions '%s' and '%s'. Here the more specific route '%s' answers; Azure takes "
                "the first by name, so '%s' would answer there. Rename one of them, or constrain its route.",
                chosen,
                azure_would_choose,
                candidates[0].route,
                azure_would_choose,
            )

    def _has_key(self, function: HttpFunction, request: Request, query: dict[str, str]) -> bool:
        """A header that is there decides, even beside a right `code` (host: AuthenticationLevelHandler).

        One key stands for all of a real app's: function keys, host keys and the master key of ADMIN functions.
        """
        if self.function_key is None or function.auth_level == "ANONYMOUS":
            return True
        given = request.headers.get("x-functions-key", query.get("code", ""))
        return secrets.compare_digest(given.encode(), self.function_key.encode())

    async def _invoke(self, function: HttpFunction, request: Request, worker_request: func.HttpRequest) -> Response:
        invocation_id = str(uuid.uuid4())
        arguments: dict[str, Any] = {function.request_parameter: worker_request}
        if function.takes_context:
            arguments["context"] = Context(invocation_id, function.name, function.directory, _trace_context(request))
        try:
            result = await self._call(function.user_function, arguments)
            return _response(result, request.method)
        except (Exception, SystemExit):
            logger.exception("Function '%s' failed (invocation %s)", function.name, invocation_id)
            return Response(status_code=500)

    async def _call(self, user_function: Callable[..., Any], arguments: dict[str, Any]) -> object:
        """A plain function gets a thread, a coroutine function the event loop (worker: dispatcher.py)."""
        if inspect.iscoroutinefunction(user_function):
            coroutine: Awaitable[object] = user_function(**arguments)
            return await coroutine
        call = functools.partial(user_function, **arguments)
        return await asyncio.get_running_loop().run_in_executor(self._threads, call)


def _http_settings(host_json: Path) -> dict[str, Any]:
    settings: dict[str, Any] = _json_object(host_json).get("extensions", {}).get("http", {})
    return settings


def _prefix(http_settings: dict[str, Any]) -> str:
    prefix = http_settings.get("routePrefix", "api").strip("/")
    return f"/{prefix}" if prefix else ""


def _json_object(path: Path) -> dict[str, Any]:
    """Empty for a file that is not there: the host does without either of its two."""
    if not path.exists():
        return {}
    try:
        content = json.loads(path.read_text(encoding="utf-8-sig"))
    except ValueError as error:
        raise FunctionAppError(f"{path} is not JSON: {error}") from error
    if not isinstance(content, dict):
        raise FunctionAppError(f"{path} does not contain a JSON object")
    return content


@contextlib.contextmanager
def _environment(local_settings: Path, defaults: Mapping[str, str]) -> Iterator[None]:
    """Puts the file's Values and, below them, the defaults into the environment; what is set there already wins.

    (core tools: StartHostAction)
    """
    content = _json_object(local_settings)
    if content.get("IsEncrypted"):
        raise FunctionAppError(f"{local_settings} is encrypted; run `func settings decrypt`")
    values: dict[str, Any] = {**defaults, **content.get("Values", {})}
    for name, value in values.items():
        if not isinstance(value, str):
            raise FunctionAppError(
                f"{local_settings}: the value of {name} is {json.dumps(value)}; write it as a string"
            )
    added = {name: value for name, value in values.items() if name not in os.environ}
    os.environ.update(added)
    try:
        yield
    finally:
        for name in added:
            os.environ.pop(name, None)


@contextlib.contextmanager
def _loaded(app_root: Path) -> Iterator[ModuleType]:
    """Imports function_app.py under a name of its own, so that several apps fit in one process."""
    path = app_root.resolve() / "function_app.py"
    name = f"function_app_{uuid.uuid4().hex}"
    spec = importlib.util.spec_from_file_location(name, path)
    if not path.exists() or spec is None or spec.loader is None:
        raise FunctionAppError(f"there is no function_app.py in {app_root}")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    sys.path.insert(0, str(path.parent))
    try:
        try:
            spec.loader.exec_module(module)
        except (Exception, SystemExit) as error:
            raise FunctionAppError(f"{path} could not be imported: {error!r}") from error
        yield module
    finally:
        sys.path.remove(str(path.parent))
        del sys.modules[name]


def _function_app(module: ModuleType) -> func.FunctionRegister:
    """Two names for one app count as two apps, as in the worker's loader.py."""
    apps = {name: value for name, value in vars(module).items() if isinstance(value, func.FunctionRegister)}
    if not apps:
        raise FunctionAppError(f"{module.__file__} has no FunctionApp at its top level")
    if len(apps) > 1:
        raise FunctionAppError(f"{module.__file__} has more than one FunctionApp at its top level: {', '.join(apps)}")
    return next(iter(apps.values()))


def _http_functions(app: func.FunctionRegister, prefix: str) -> list[HttpFunction]:
    try:
        declared = app.get_functions()  # works once for each app: names are registered as it goes
    except Exception as error:
        raise FunctionAppError(f"the functions cannot be indexed: {error}") from error
    functions = []
    for function in declared:
        bindings = [json.loads(binding) for binding in function.get_raw_bindings()]
        trigger = next((binding for binding in bindings if binding["type"] == "httpTrigger"), None)
        if trigger is None:
            logger.warning("Function '%s' has no HTTP trigger and is not served", function.get_function_name())
        else:
            functions.append(
                _http_function(str(function.get_function_name()), function.get_user_function(), trigger, prefix)
            )
    return functions


def _http_function(name: str, user_function: Callable[..., Any], trigger: dict[str, Any], prefix: str) -> HttpFunction:
    route = trigger.get("route") or name
    methods = trigger.get("methods")
    try:
        template = RouteTemplate(f"{prefix}/{route}".removeprefix("/"))
    except InvalidTemplate as error:
        raise FunctionAppError(f"function '{name}': {error}") from error
    return HttpFunction(
        name=name,
        route=route,
        methods=frozenset(method.upper() for method in methods) if methods else None,
        auth_level=trigger.get("authLevel", "FUNCTION").upper(),
        template=template,
        user_function=user_function,
        request_parameter=trigger["name"],
        takes_context=_takes_context(name, user_function, trigger["name"]),
    )


def _takes_context(name: str, user_function: Callable[..., Any], request_parameter: str) -> bool:
    """Refuses the parameters that the worker refuses: any that no binding fills (worker: functions.py)."""
    parameters = set(inspect.signature(user_function).parameters)
    if request_parameter not in parameters:
        raise FunctionAppError(f"function '{name}' has no parameter '{request_parameter}' to take the request")
    unfilled = parameters - {request_parameter, "context"}
    if unfilled:
        raise FunctionAppError(f"function '{name}' has parameters that nothing fills: {', '.join(sorted(unfilled))}")
    return "context" in parameters - {request_parameter}


def _served(functions: Iterable[HttpFunction]) -> list[HttpFunction]:
    """Leaves out, and logs, those in which the host finds an error; it serves the rest (host: ScriptHost)."""
    served: list[HttpFunction] = []
    for function in sorted(functions, key=_name_order):
        rival = next((other for other in served if function.conflicts_with(other)), None)
        if function.route.strip("/").lower().startswith(_RESERVED_ROUTES):
            logger.error("Function '%s' is not served: the host keeps the route '%s'", function.name, function.route)
        elif rival:
            logger.error("Function '%s' is not served: its route is that of '%s'", function.name, rival.name)
        else:
            served.append(function)
    return served


def _name_order(function: HttpFunction) -> str:
    return function.name.upper()


def _positive_setting(name: str) -> int | None:
    """None where the variable is not set or makes no sense, which the host and the worker treat alike."""
    text = os.environ.get(name, "")
    return int(text) if re.fullmatch("0*[1-9][0-9]{0,17}", text) else None


def _worker_request(
    request: Request, query: dict[str, str], route_values: dict[str, str], body: bytes
) -> func.HttpRequest:
    """What the worker builds from the host's message (host: GrpcMessageConversionExtensions.ToRpcHttp)."""
    query_string = request.scope["query_string"]
    target = request.scope["raw_path"] + (b"?" + query_string if query_string else b"")
    return WorkerHttpRequest(
        method=request.method,
        url=f"{request.url.scheme}://{request.headers['host']}{target.decode('latin-1')}",
        headers=_joined(
            (name.decode("ascii"), value.decode("utf-8", "replace")) for name, value in request.headers.raw
        ),
        params=query,
        route_params=route_values,
        body_type="bytes",
        body=body,
    )


def _query(query_string: bytes) -> dict[str, str]:
    """An empty value is dropped, unlike that of a header."""
    pairs = parse_qsl(query_string.decode("latin-1"), keep_blank_values=True)
    return {name: value for name, value in _joined(pairs).items() if value}


def _joined(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Repeats in one string, as StringValues.ToString() joins them; the first spelling of a name is kept."""
    values: dict[str, list[str]] = {}
    first_spelling: dict[str, str] = {}
    for name, value in pairs:
        values.setdefault(first_spelling.setdefault(name.lower(), name), []).append(value)
    return {name: ",".join(filter(None, repeats)) for name, repeats in values.items()}


async def _body(request: Request, max_bytes: int) -> bytes | None:
    """None when it is too large. Without Content-Length (a chunked body) it is empty: the host copies no other."""
    declared = request.headers.get("content-length")
    if declared is not None and int(declared) > max_bytes:
        return None
    body = bytearray()
    received = 0
    async for chunk in request.stream():
        received += len(chunk)
        if received > max_bytes:
            return None
        if declared is not None:
            body += chunk
    return bytes(body)


def _trace_context(request: Request) -> TraceContext:
    minted = f"00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-00"
    return TraceContext(request.headers.get("traceparent", minted), request.headers.get("tracestate", ""))


_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_HEADER_VALUE = re.compile(r"[\t\x20-\x7e]*")
_WITHOUT_BODY = (204, 205, 304)


def _response(result: object, method: str) -> Response:
    """Raises TypeError for anything but an HttpResponse or a string, as the worker does (azure.functions.http)."""
    if isinstance(result, str):
        return _string_response(result, method)
    if not isinstance(result, func.HttpResponse):
        raise TypeError(f"the function returned {type(result).__name__}; return a func.HttpResponse")
    headers = list(result.headers.items())
    if "content-type" not in result.headers:
        charset = f"; charset={result.charset}" if result.mimetype.startswith("text/") else ""
        headers.append(("Content-Type", f"{result.mimetype}{charset}"))
    return _wire_response(_status(result.status_code), headers, result.get_body(), method)


def _string_response(text: str, method: str) -> Response:
    """A string that is a JSON object with a `body` is taken apart as a response (host: HttpBinding)."""
    status, headers, body = 200, [("Content-Type", "text/plain; charset=utf-8")], text
    envelope = _envelope(text)
    if "body" in envelope:
        content = envelope["body"]
        body = content if isinstance(content, str) else json.dumps(content, separators=(",", ":"))
        status = _status(envelope.get("statuscode", envelope.get("status")))
        headers += [(name, str(value)) for name, value in (envelope.get("headers") or {}).items()]
    return _wire_response(status, headers, body.encode(), method)


def _envelope(text: str) -> dict[str, Any]:
    """The members of a JSON object by lower-case name; empty for any other text."""
    try:
        content = json.loads(text)
    except ValueError:
        return {}
    return {name.lower(): value for name, value in content.items()} if isinstance(content, dict) else {}


def _status(value: object) -> int:
    """200 for what is no number, as HttpBinding.TryParseStatusCode leaves it."""
    text = str(value)
    return int(text) if re.fullmatch(r"[0-9]{1,9}", text) else 200


def _wire_response(status: int, headers: Iterable[tuple[str, str]], body: bytes, method: str) -> Response:
    """The last of repeated headers counts, but each Set-Cookie is sent. Raises ValueError where Kestrel would throw."""
    if not 200 <= status < 600:
        raise ValueError(f"a response cannot have the status {status}")
    response = Response(b"" if method == "HEAD" or status in _WITHOUT_BODY else body, status)
    declared_length = None
    for name, value in headers:
        if not _HEADER_NAME.fullmatch(name) or not _HEADER_VALUE.fullmatch(value):
            raise ValueError(f"the response header {name!r} has characters that HTTP does not allow: {value!r}")
        if name.lower() == "set-cookie":
            response.headers.append(name, value.strip())
        elif name.lower() == "content-length":
            declared_length = value.strip()
        else:
            response.headers[name] = value.strip()
    if method == "HEAD" and status not in _WITHOUT_BODY:
        has_length = declared_length is not None and declared_length.isdigit()
        response.headers["content-length"] = str(declared_length if has_length else len(body))
    return response

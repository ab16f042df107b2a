"""emulator.functions_host: the behavior of the Azure Functions host, over real HTTP."""

import hashlib
import http.client
import json
import logging
import os
import socket
import sys
import textwrap
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests

from emulator.functions_host import DEFAULT_MAX_BODY_BYTES, FunctionAppError, FunctionsHost
from emulator.session_pool.wire.loopback import PortInUse

HABITS = Path(__file__).parent / "apps" / "habits"

ONE_FUNCTION = """
    import os
    import azure.functions as func

    app = func.FunctionApp()

    @app.route("hello")
    def hello(req: func.HttpRequest) -> func.HttpResponse:
        return func.HttpResponse("hello")
"""


@dataclass
class Answer:
    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def __getitem__(self, name: str) -> str | None:
        """The value of a header that occurs at most once."""
        values = [value for header, value in self.headers if header.lower() == name.lower()]
        assert len(values) < 2
        return values[0] if values else None


def send(
    host: FunctionsHost,
    method: str,
    target: str,
    body: bytes | Iterable[bytes] | None = None,
    headers: Iterable[tuple[str, str]] = (),
) -> Answer:
    """Sends the target as it is: http.client normalises nothing. An iterable as body is sent in chunks."""
    connection = http.client.HTTPConnection(host.url.removeprefix("http://"), timeout=10)
    try:
        connection.putrequest(method, target)
        for name, value in headers:
            connection.putheader(name, value)
        if isinstance(body, bytes):
            connection.putheader("Content-Length", str(len(body)))
        elif body is not None:
            connection.putheader("Transfer-Encoding", "chunked")
        connection.endheaders(body, encode_chunked=not isinstance(body, bytes))
        response = connection.getresponse()
        return Answer(response.status, response.getheaders(), response.read())
    finally:
        connection.close()


def echoed(host: FunctionsHost, *request: Any, **more: Any) -> Any:
    """The request as a function sees it, as JSON."""
    answer = send(host, *request, **more)
    assert answer.status == 200
    return json.loads(answer.body)


def port_of(host: FunctionsHost) -> int:
    return int(host.url.rpartition(":")[2])


def write_app(folder: Path, source: str = ONE_FUNCTION, **files: object) -> Path:
    """`files` are JSON files, by their name without the ending and with `_` for `.`."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "function_app.py").write_text(textwrap.dedent(source))
    for name, content in {"host": {"version": "2.0"}, **files}.items():
        (folder / f"{name.replace('_', '.')}.json").write_text(json.dumps(content))
    return folder


Served = Callable[..., FunctionsHost]


@pytest.fixture
def served() -> Iterator[Served]:
    """Starts hosts, and stops them when the test is over."""
    hosts: list[FunctionsHost] = []

    def start(app_root: Path, **options: Any) -> FunctionsHost:
        hosts.append(FunctionsHost(app_root, **options))
        hosts[-1].start()
        return hosts[-1]

    yield start
    for host in hosts:
        host.stop()


@pytest.fixture(scope="module")
def habits() -> Iterator[FunctionsHost]:
    host = FunctionsHost(HABITS)
    host.start()
    yield host
    host.stop()


def test_the_functions_are_listed_with_what_they_declare(tmp_path: Path) -> None:
    """Name, route without prefix, methods (None for all) and auth level, by name; no other trigger is among them."""
    source = """
        import azure.functions as func
        app = func.FunctionApp(http_auth_level="ADMIN")

        @app.route("b/{id}", methods=["get", func.HttpMethod.PUT], auth_level=func.AuthLevel.ANONYMOUS)
        def b(req): ...

        @app.route()
        def a(req): ...

        @app.timer_trigger(arg_name="timer", schedule="0 0 * * * *")
        def tick(timer): ...
    """
    host = FunctionsHost(write_app(tmp_path, source))
    host.stop()
    assert [(f.name, f.route, f.methods, f.auth_level) for f in host.functions] == [
        ("a", "a", None, "ADMIN"),
        ("b", "b/{id}", {"GET", "PUT"}, "ANONYMOUS"),
    ]


def test_two_hosts_in_one_process_serve_their_own_apps(tmp_path: Path, served: Served) -> None:
    """Each host loads its own function_app.py, which can import the modules next to it."""
    for name in ("one", "two"):
        app_root = write_app(tmp_path / name, f"from of_{name} import app")
        source = textwrap.dedent(ONE_FUNCTION).replace('Response("hello")', f'Response("{name}")')
        (app_root / f"of_{name}.py").write_text(source)
    hosts = [served(tmp_path / name) for name in ("one", "two")]
    assert [send(host, "GET", "/api/hello").body for host in hosts] == [b"one", b"two"]


def test_one_app_can_be_loaded_again(tmp_path: Path, served: Served) -> None:
    """A second host of the same folder loads it afresh, although an app reports its functions only once."""
    app_root = write_app(tmp_path)
    assert [send(served(app_root), "GET", "/api/hello").body for _ in range(2)] == [b"hello", b"hello"]


def test_blueprints_are_served(tmp_path: Path, served: Served) -> None:
    """Functions registered from a blueprint are functions of the app."""
    source = """
        import azure.functions as func
        blueprint = func.Blueprint()
        app = func.FunctionApp()

        @blueprint.route("blue")
        def blue(req: func.HttpRequest) -> func.HttpResponse:
            return func.HttpResponse("blue")

        app.register_functions(blueprint)
    """
    assert send(served(write_app(tmp_path, source)), "GET", "/api/blue").body == b"blue"


def test_a_wsgi_app_is_served(tmp_path: Path, served: Served) -> None:
    """A WsgiFunctionApp answers under every path; its route requires the empty prefix."""
    source = """
        import azure.functions as func

        def wsgi(environ, start_response):
            start_response("200 OK", [("X-Path", environ["PATH_INFO"])])
            return [b"wsgi"]

        app = func.WsgiFunctionApp(wsgi, http_auth_level=func.AuthLevel.ANONYMOUS)
    """
    host = served(write_app(tmp_path, source, host={"extensions": {"http": {"routePrefix": ""}}}))
    answer = send(host, "GET", "/any/path")
    assert (answer.body, answer["X-Path"]) == (b"wsgi", "/any/path")


@pytest.mark.parametrize(
    ("source", "complaint"),
    [
        ("x = 1", "no FunctionApp"),
        (
            "import azure.functions as func\none = func.FunctionApp()\ntwo = func.FunctionApp()",
            "more than one.*one, two",
        ),
        ("import azure.functions as func\none = func.FunctionApp()\ntwo = one", "more than one"),
        ("import does_not_exist", "could not be imported.*does_not_exist"),
        ("def (", "could not be imported.*SyntaxError"),
        ("raise SystemExit(3)", "could not be imported.*SystemExit"),
        (ONE_FUNCTION.replace('"hello")\n    def', '"{a:wrong}")\n    def'), "'hello'.*'api/{a:wrong}'.*'wrong'"),
        (ONE_FUNCTION.replace('"hello")\n    def', '"/hello")\n    def'), "'hello'.*two slashes"),
        (ONE_FUNCTION.replace("req:", "request:"), "'hello' has no parameter 'req'"),
        (ONE_FUNCTION.replace("HttpRequest)", "HttpRequest, other=1)"), "'hello' has parameters.*other"),
        (ONE_FUNCTION + "\n    app.route()(hello._function._func)", "indexed.*unique function name"),
    ],
)
def test_an_app_that_cannot_be_served_is_refused(tmp_path: Path, source: str, complaint: str) -> None:
    """The error states what is wrong with function_app.py, and no module of the app stays loaded."""
    path, modules = list(sys.path), set(sys.modules)
    with pytest.raises(FunctionAppError, match=f"(?s){complaint}"):
        FunctionsHost(write_app(tmp_path, source))
    assert sys.path == path
    assert not [name for name in set(sys.modules) - modules if name.startswith("function_app")]


def test_a_folder_without_an_app_is_refused(tmp_path: Path) -> None:
    """The error names the folder."""
    with pytest.raises(FunctionAppError, match=f"no function_app.py in {tmp_path}"):
        FunctionsHost(tmp_path)


def test_local_settings_are_defaults(tmp_path: Path, served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """Values are in the environment when the module is loaded; what was set before wins; stop() takes them back."""
    monkeypatch.setenv("SET_BEFORE", "environment")
    monkeypatch.delenv("NOT_SET_BEFORE", raising=False)
    source = ONE_FUNCTION.replace(
        "app =", 'SEEN = os.environ["SET_BEFORE"] + " " + os.environ["NOT_SET_BEFORE"]\n    app ='
    )
    values = {"SET_BEFORE": "file", "NOT_SET_BEFORE": "file"}
    app_root = write_app(
        tmp_path, source.replace('Response("hello")', "Response(SEEN)"), local_settings={"Values": values}
    )
    host = served(app_root)
    assert send(host, "GET", "/api/hello").body == b"environment file"
    host.stop()
    assert (os.environ["SET_BEFORE"], os.environ.get("NOT_SET_BEFORE")) == ("environment", None)


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"Values": {"A": "1", "RICH": True}}, "RICH is true; write it as a string"),
        ({"IsEncrypted": True, "Values": {}}, "encrypted"),
        ([], "JSON object"),
    ],
)
def test_invalid_local_settings_are_refused(tmp_path: Path, settings: object, complaint: str) -> None:
    """The error names the file and the value."""
    with pytest.raises(FunctionAppError, match=f"local.settings.json.*{complaint}"):
        FunctionsHost(write_app(tmp_path, local_settings=settings))


def test_broken_json_is_refused(tmp_path: Path) -> None:
    """The error names the file."""
    write_app(tmp_path)
    (tmp_path / "host.json").write_text("{")
    with pytest.raises(FunctionAppError, match="host.json is not JSON"):
        FunctionsHost(tmp_path)


@pytest.mark.parametrize(
    ("host_json", "prefix"),
    [
        ({}, "/api"),
        ({"extensions": {"http": {"routePrefix": "v1/shop"}}}, "/v1/shop"),
        ({"extensions": {"http": {"routePrefix": ""}}}, ""),
    ],
)
def test_the_prefix_comes_from_host_json(tmp_path: Path, served: Served, host_json: object, prefix: str) -> None:
    """extensions.http.routePrefix, `api` when it is not given; the empty one removes it."""
    host = served(write_app(tmp_path, host=host_json))
    assert host.prefix == prefix
    assert send(host, "GET", f"{prefix}/hello").status == 200
    assert send(host, "GET", "/other/hello").status == 404


def test_host_json_may_be_missing(tmp_path: Path, served: Served) -> None:
    """The host then uses its defaults."""
    (write_app(tmp_path) / "host.json").unlink()
    assert send(served(tmp_path), "GET", "/api/hello").status == 200


@pytest.mark.parametrize(
    ("target", "status", "body"),
    [
        ("/api/items/red/7", 200, b'{"kind": "red", "id": "7"}'),
        ("/api/items/red", 200, b'{"kind": "red"}'),
        ("/API/Items/red/", 200, b'{"kind": "red"}'),
        ("/api/items/red/seven", 404, b""),
        ("/api/items/7", 404, b""),
        ("/api/items", 404, b""),
        ("/items/red", 404, b""),
        ("/api/shelf/newest", 200, b"literal"),
        ("/api/shelf/oldest", 200, b"parameter"),
        ("/api/shelf/a/b", 200, b"catch-all"),
        ("/api/unrouted", 200, b"unrouted"),
        ("/api/named", 200, b"named"),
        ("/api/has_another_name", 404, b""),
        ("/", 404, b""),
        ("/api/%00", 400, b""),
        ("/admin/host/ping", 200, b""),
        ("/admin/host/status", 404, b""),
        ("/api/admin/anything", 404, b""),
        ("/runtime/webhooks", 404, b""),
    ],
)
def test_routing(habits: FunctionsHost, target: str, status: int, body: bytes) -> None:
    """Constraints, optional parameters and precedence hold; a function without a route has its name for one."""
    answer = send(habits, "GET", target)
    assert (answer.status, answer.body) == (status, body)


@pytest.mark.parametrize(
    ("method", "status", "body"),
    [("GET", 200, b"get_thing"), ("DELETE", 200, b"delete_thing"), ("HEAD", 200, b""), ("POST", 404, b"")],
)
def test_two_functions_share_a_route(habits: FunctionsHost, method: str, status: int, body: bytes) -> None:
    """The method chooses between them, and one that neither allows is a 404."""
    answer = send(habits, method, "/api/things/1", b"")
    assert (answer.status, answer.body) == (status, body)


def test_a_function_without_methods_accepts_all(habits: FunctionsHost) -> None:
    """Even one that the library does not define."""
    assert echoed(habits, "PROPFIND", "/api/echo")["method"] == "PROPFIND"


def test_reserved_first_segments_are_404_without_prefix_too(tmp_path: Path, served: Served) -> None:
    """A catch-all does not match the host's reserved routes."""
    source = ONE_FUNCTION.replace('"hello")\n    def', '"{*path}")\n    def')
    host = served(write_app(tmp_path, source, host={"extensions": {"http": {"routePrefix": ""}}}))
    statuses = [send(host, "GET", target).status for target in ("/", "/x", "/Admin/x", "/runtime", "/administrators")]
    assert statuses == [200, 200, 404, 404, 200]


def test_functions_that_the_host_would_not_serve_are_omitted(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A route under `admin` and a route that is taken are logged as errors, and the rest of the app is served."""
    source = ONE_FUNCTION + "".join(
        f"""
    @app.route("{route}")
    def {name}(req: func.HttpRequest) -> func.HttpResponse: ...
        """
        for name, route in [("kept", "admin/x"), ("later", "HELLO")]
    )
    host = FunctionsHost(write_app(tmp_path, source))
    host.stop()
    assert [function.name for function in host.functions] == ["hello"]
    assert {record.args for record in caplog.records} == {("kept", "admin/x"), ("later", "hello")}


def test_a_choice_that_differs_from_azures_is_logged_once(served: Served, caplog: pytest.LogCaptureFixture) -> None:
    """Azure takes the first match by function name, so `anything` would answer where `z_newest` does here."""
    host = served(HABITS)
    caplog.clear()  # of what was logged while it was loaded
    for _ in range(2):
        send(host, "GET", "/api/shelf/newest")
        send(host, "GET", "/api/unrouted")
    [warning] = caplog.records
    assert "'z_newest'" in warning.getMessage() and "'anything' would answer there" in warning.getMessage()


def test_keys_are_checked_if_required(tmp_path: Path, served: Served) -> None:
    """FUNCTION and ADMIN need the key in x-functions-key or ?code=, ANONYMOUS needs none; without it 401, empty."""
    source = "import azure.functions as func\napp = func.FunctionApp()\n" + "".join(
        f"@app.route(auth_level='{level}')\ndef for_{level.lower()}(req):\n    return func.HttpResponse('in')\n"
        for level in ("ANONYMOUS", "FUNCTION", "ADMIN")
    )
    host = served(write_app(tmp_path, source), require_keys=True)
    key = host.function_key
    assert key is not None

    def statuses(query: str = "", **headers: str) -> list[int]:
        given = [(name.replace("_", "-"), value) for name, value in headers.items()]
        targets = [f"/api/for_{level}{query}" for level in ("anonymous", "function", "admin")]
        return [send(host, "GET", target, headers=given).status for target in targets]

    assert statuses() == [200, 401, 401]
    assert statuses(x_functions_key="wrong") == [200, 401, 401]
    assert statuses("?code=wr%C3%B6ng") == [200, 401, 401]
    assert statuses(x_functions_key=key) == [200, 200, 200]
    assert statuses(f"?code={key}") == [200, 200, 200]
    assert statuses(f"?code={key}", x_functions_key="wrong") == [200, 401, 401]
    refused = send(host, "POST", "/api/for_function", b"x")
    assert (refused.body, refused["Content-Type"]) == (b"", None)
    assert send(host, "GET", "/api/nothing").status == 404


def test_each_host_creates_its_own_key(tmp_path: Path) -> None:
    """A key opens one host only."""
    hosts = [FunctionsHost(write_app(tmp_path), require_keys=True) for _ in range(2)]
    for host in hosts:
        host.stop()
    assert hosts[0].function_key != hosts[1].function_key


def test_without_required_keys_none_is_checked(tmp_path: Path, served: Served) -> None:
    """As in `func start`: a FUNCTION level function answers, and there is no key."""
    host = served(write_app(tmp_path))
    assert host.function_key is None
    assert send(host, "GET", "/api/hello", headers=[("x-functions-key", "anything")]).status == 200


def test_a_request_arrives_complete(habits: FunctionsHost) -> None:
    """Method, full URL with the unchanged query, and the exact bytes of the body."""
    body = os.urandom(300_000)
    seen = echoed(habits, "POST", "/api/echo/a%20b?x=%C3%BC&y=1", body, [("Content-Type", "image/jpeg")])
    assert (seen["method"], seen["url"]) == ("POST", f"{habits.url}/api/echo/a%20b?x=%C3%BC&y=1")
    assert seen["body"] == hashlib.sha256(body).hexdigest()


def test_headers_are_lower_case_and_joined(habits: FunctionsHost) -> None:
    """Repeated headers are joined with a comma; an empty one is present; values are UTF-8."""
    sent = [("X-Some", "a"), ("x-some", "b, c"), ("X-Empty", ""), ("X-Umlaut", "ü".encode().decode("latin-1"))]
    seen = echoed(habits, "GET", "/api/echo", headers=sent)["headers"]
    assert {name: seen[name] for name in ("x-some", "x-empty", "x-umlaut")} == {
        "x-some": "a,b, c",
        "x-empty": "",
        "x-umlaut": "ü",
    }
    assert seen["host"] == habits.url.removeprefix("http://")


@pytest.mark.parametrize(
    ("query", "params"),
    [
        ("a=1&b=x+y%26z", {"a": "1", "b": "x y&z"}),
        ("a=1&a=2", {"a": "1,2"}),
        ("a=1&A=2", {"a": "1,2"}),
        ("flag=&a=1&other", {"a": "1"}),
        ("a=&a=1", {"a": "1"}),
        ("", {}),
    ],
)
def test_query_parameters_are_joined_and_empty_ones_are_dropped(
    habits: FunctionsHost, query: str, params: dict[str, str]
) -> None:
    """Repeated names, compared without case, become one value; a name with an empty value is absent."""
    assert echoed(habits, "GET", f"/api/echo?{query}")["params"] == params


@pytest.mark.parametrize(
    ("path", "route_params"),
    [
        ("", {}),
        ("/a%20b/%C3%BC+", {"path": "a b/ü+"}),
        ("/a%2Fb%2fc", {"path": "a%2Fb%2fc"}),
        ("/a/../b", {"path": "b"}),
        ("/%2e%2e/echo/x", {"path": "x"}),
    ],
)
def test_route_parameters_are_decoded_except_slashes(
    habits: FunctionsHost, path: str, route_params: dict[str, str]
) -> None:
    """%2F is unchanged, dot segments are removed, and an absent catch-all is not a parameter."""
    assert echoed(habits, "GET", f"/api/echo{path}")["route_params"] == route_params


def test_a_chunked_body_arrives_empty(habits: FunctionsHost) -> None:
    """Without Content-Length the host copies no body, but reads it: the connection continues."""
    connection = http.client.HTTPConnection(habits.url.removeprefix("http://"), timeout=10)
    for _ in range(2):
        chunks = iter([b"x" * 100_000, b"more"])
        connection.request("POST", "/api/echo", chunks, {"Transfer-Encoding": "chunked"}, encode_chunked=True)
        assert json.loads(connection.getresponse().read())["body_bytes"] == 0
    connection.close()


def test_a_chunked_body_gets_a_length(served: Served) -> None:
    """If it is passed on, as by the front end of a deployed app: the function cannot distinguish it from another."""
    host = served(HABITS, chunked="pass")
    seen = echoed(host, "POST", "/api/echo", iter([b"x" * 100_000, b"more"]))
    assert seen["body_bytes"] == 100_004
    headers = {name.lower(): value for name, value in seen["headers"].items()}
    assert headers["content-length"] == "100004" and "transfer-encoding" not in headers


def test_a_body_over_the_limit_is_413(
    tmp_path: Path, served: Served, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether the size is declared or found out; the function is not called; the limit itself passes."""
    monkeypatch.setenv("FUNCTIONS_REQUEST_BODY_SIZE_LIMIT", "1000")
    source = ONE_FUNCTION.replace("return ", "import logging; logging.warning('called'); return ")
    host = served(write_app(tmp_path, source))
    for body in (b"x" * 1001, iter([b"x" * 500] * 3)):
        answer = send(host, "POST", "/api/hello", body)
        assert (answer.status, answer.body) == (413, b"")
    assert not caplog.records
    assert send(host, "POST", "/api/hello", b"x" * 1000).status == 200


def test_an_aborted_body_calls_nothing(tmp_path: Path, served: Served, caplog: pytest.LogCaptureFixture) -> None:
    """When the client disconnects before its body has arrived, the function is not called."""
    source = ONE_FUNCTION.replace("return ", "import logging; logging.warning('called'); return ")
    host = served(write_app(tmp_path, source))
    with socket.create_connection(("127.0.0.1", port_of(host)), timeout=10) as connection:
        connection.sendall(b"POST /api/hello HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 10\r\n\r\nhalf")
    host.stop()  # ends what is in progress
    assert not caplog.records


def test_the_limit_is_kestrels_unless_set(habits: FunctionsHost) -> None:
    """100 MiB: a declared byte more is refused before any of it is sent."""
    with socket.create_connection(("127.0.0.1", port_of(habits)), timeout=10) as connection:
        length = DEFAULT_MAX_BODY_BYTES + 1
        head = f"POST /api/echo HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {length}\r\n\r\n"
        connection.sendall(head.encode())
        assert connection.recv(1000).startswith(b"HTTP/1.1 413 ")


def test_the_context_describes_the_invocation(habits: FunctionsHost) -> None:
    """A parameter named context is filled: an id per call, the function's name and folder, the caller's trace."""
    trace_parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    first = echoed(habits, "GET", "/api/context", headers=[("traceparent", trace_parent)])
    second = echoed(habits, "GET", "/api/context")
    assert first[1:] == ["with_context", str(HABITS), trace_parent]
    assert first[0] != second[0] and second[3].startswith("00-")


@pytest.mark.parametrize(
    ("how", "status", "content_type", "body"),
    [
        ("plain", 200, "text/plain; charset=utf-8", "grün".encode()),
        ("json", 200, "application/json", b"{}"),
        ("own-content-type", 200, "text/csv", b"a,b"),
        ("created", 201, "application/octet-stream", b"\x00\xff"),
        ("wrong-length", 200, "text/plain; charset=utf-8", b"four"),
        ("string", 200, "text/plain; charset=utf-8", b"just text"),
        ("json-string", 200, "text/plain; charset=utf-8", b'{"a": 1}'),
        ("envelope", 202, "text/plain; charset=utf-8", b"taken apart"),
        ("envelope-with-json", 409, "text/plain; charset=utf-8", b'{"a":[1]}'),
    ],
)
def test_a_result_becomes_a_response(
    habits: FunctionsHost, how: str, status: int, content_type: str, body: bytes
) -> None:
    """Status, type and body are the function's; Content-Length is the body's; a string with a `body` is an envelope."""
    answer = send(habits, "GET", f"/api/respond/{how}")
    assert (answer.status, answer["Content-Type"], answer.body) == (status, content_type, body)
    assert answer["Content-Length"] == str(len(body))


def test_an_envelope_may_have_headers(habits: FunctionsHost) -> None:
    """The headers of a string that is taken apart are sent."""
    assert send(habits, "GET", "/api/respond/envelope")["X-One"] == "1"


@pytest.mark.parametrize("how", ["no-content", "body-of-no-content"])
def test_204_has_no_body(habits: FunctionsHost, how: str) -> None:
    """Neither a body nor a Content-Length, even when the function sets one."""
    answer = send(habits, "GET", f"/api/respond/{how}")
    assert (answer.status, answer.body, answer["Content-Length"]) == (204, b"", None)


@pytest.mark.parametrize(("how", "length"), [("length-of-head", "4000"), ("wrong-length", "4000"), ("created", "2")])
def test_head_has_headers_only(habits: FunctionsHost, how: str, length: str) -> None:
    """The function's own Content-Length is kept; otherwise it is that of the body which is not sent."""
    answer = send(habits, "HEAD", f"/api/respond/{how}")
    assert (answer["Content-Length"], answer.body) == (length, b"")


def test_repeated_response_headers_collapse_except_cookies(habits: FunctionsHost) -> None:
    """The last value is sent, and each Set-Cookie."""
    answer = send(habits, "GET", "/api/repeated-headers")
    assert answer["X-A"] == "2"
    assert [value for name, value in answer.headers if name.lower() == "set-cookie"] == ["one=1", "two=2"]


def test_custom_headers_are_added(tmp_path: Path, served: Served) -> None:
    """Those of host.json are in every response, unless the function sets the same one."""
    custom = {"X-Content-Type-Options": "nosniff", "X-Frame-Options": "deny"}
    source = ONE_FUNCTION.replace('Response("hello")', 'Response("hello", headers={"x-frame-options": "own"})')
    host = served(write_app(tmp_path, source, host={"extensions": {"http": {"customHeaders": custom}}}))
    answer = send(host, "GET", "/api/hello")
    assert (answer["X-Content-Type-Options"], answer["X-Frame-Options"]) == ("nosniff", "own")


@pytest.mark.parametrize(
    ("how", "logged"),
    [
        ("raise", "ZeroDivisionError"),
        ("exit", "SystemExit"),
        ("none", "returned NoneType"),
        ("dict", "returned dict"),
        ("bytes", "returned bytes"),
        ("header-not-ascii", "Content-Disposition"),
        ("status-too-large", "1000"),
    ],
)
def test_a_failure_is_an_empty_500(
    habits: FunctionsHost, caplog: pytest.LogCaptureFixture, how: str, logged: str
) -> None:
    """An exception, a result that is not a response, and one that is invalid in HTTP: the reason is only in the log."""
    answer = send(habits, "GET", f"/api/respond/{how}")
    assert (answer.status, answer.body, answer["Content-Type"]) == (500, b"", None)
    [record] = caplog.records
    assert (record.name, record.levelno) == ("emulator.functions_host", logging.ERROR)
    assert "'respond'" in record.getMessage() and logged in caplog.text and "Traceback" in caplog.text


def test_def_runs_in_a_thread_and_async_def_on_the_loop(habits: FunctionsHost) -> None:
    """As in the worker: blocking code belongs in plain functions."""
    assert send(habits, "GET", "/api/loop").body == f"server-{port_of(habits)}".encode()
    assert send(habits, "GET", "/api/thread").body.startswith(b"function_")


def test_the_thread_pool_has_the_configured_size(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """PYTHON_THREADPOOL_THREAD_COUNT bounds how many plain functions run at a time."""
    monkeypatch.setenv("PYTHON_THREADPOOL_THREAD_COUNT", "2")
    host = served(HABITS)
    with ThreadPoolExecutor(6) as clients:
        most = [int(answer.body) for answer in clients.map(lambda _: send(host, "GET", "/api/crowd"), range(6))]
    assert max(most) == 2


def test_a_function_continues_after_its_client_disconnects(habits: FunctionsHost, tmp_path: Path) -> None:
    """The function is not notified: it runs to its end."""
    result = tmp_path / "result"
    body = str(result).encode()
    with socket.create_connection(("127.0.0.1", port_of(habits)), timeout=10) as connection:
        head = f"POST /api/late HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {len(body)}\r\n\r\n"
        connection.sendall(head.encode() + body)
        time.sleep(0.1)
    assert not result.exists()
    deadline = time.monotonic() + 10
    while not (result.exists() and result.read_text() == "done"):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_stop_does_not_wait_for_a_blocked_function(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither for the one that holds a thread nor for the one that waits for it; the port is closed afterwards."""
    monkeypatch.setenv("PYTHON_THREADPOOL_THREAD_COUNT", "1")
    host = FunctionsHost(HABITS)
    host.start()
    [blocked] = [function.user_function for function in host.functions if function.name == "blocked"]
    port = port_of(host)
    clients = [socket.create_connection(("127.0.0.1", port), timeout=10) for _ in range(2)]
    try:
        for client in clients:
            client.sendall(b"GET /api/blocked HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        time.sleep(0.2)
        started = time.monotonic()
        host.stop()
        host.stop()
        assert time.monotonic() - started < 3
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port), timeout=10)
    finally:
        blocked.__globals__["RELEASE"].set()
        for client in clients:
            client.close()


def test_stop_undoes_what_loading_added(tmp_path: Path) -> None:
    """The app's folder leaves sys.path, as many times as it was put there."""
    before = list(sys.path)
    app_root = write_app(tmp_path)
    first, second = FunctionsHost(app_root), FunctionsHost(app_root)
    first.stop()
    assert str(app_root) in sys.path
    second.stop()
    assert sys.path == before


def test_a_port_that_is_in_use_is_refused(tmp_path: Path, habits: FunctionsHost) -> None:
    """The caller gets the error, and no module of the app stays loaded."""
    before = list(sys.path)
    with pytest.raises(PortInUse):
        FunctionsHost(write_app(tmp_path), port=port_of(habits))
    assert sys.path == before


def test_app_settings_are_defaults(tmp_path, monkeypatch):
    """local.settings.json overrides the host's own settings, and the real environment overrides both."""
    (tmp_path / "function_app.py").write_text(
        "import os\n"
        "import azure.functions as func\n"
        "app = func.FunctionApp(http_auth_level=func.AuthLevel.ANONYMOUS)\n"
        "seen = {name: os.environ.get(name) for name in ('FIRST_X', 'SECOND_X', 'THIRD_X', 'WEBSITE_HOSTNAME')}\n"
        "@app.route('seen', methods=['GET'])\n"
        "def see(req: func.HttpRequest) -> func.HttpResponse:\n"
        "    import json\n"
        "    return func.HttpResponse(json.dumps(seen))\n"
    )
    (tmp_path / "local.settings.json").write_text('{"Values": {"SECOND_X": "file", "THIRD_X": "file"}}')
    monkeypatch.setenv("THIRD_X", "real")
    monkeypatch.delenv("WEBSITE_HOSTNAME", raising=False)
    host = FunctionsHost(tmp_path, app_settings={"FIRST_X": "given", "SECOND_X": "given", "THIRD_X": "given"})
    host.start()
    try:
        seen = requests.get(f"{host.url}/api/seen", timeout=10).json()
    finally:
        host.stop()
    assert seen == {
        "FIRST_X": "given",
        "SECOND_X": "file",
        "THIRD_X": "real",
        "WEBSITE_HOSTNAME": host.url.removeprefix("http://"),
    }

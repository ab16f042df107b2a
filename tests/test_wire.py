"""Known facts of the session pool's wire, as one table that both sides are tested against.

The emulator must answer as the table states, and the connector's client must send such requests and understand such
responses. The same table can be run against a real pool: `pytest -m live`, with LIVE_POOL_ENDPOINT set to its
poolManagementEndpoint and LIVE_POOL_TOKEN to a token for https://dynamicsessions.io. The pool's MCP server has its own
table, for which LIVE_MCP_PYTHONLTS and LIVE_MCP_SHELL are the mcpServerEndpoint of a pool, a space, and the key.
"""

import json
import os
import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import requests

from connector.models import FilePath
from connector.session_pool.client import SessionPoolClient
from connector.session_pool.pools import Pools
from connector.session_pool.sessions import CallerSessions, SessionClient
from tests.conftest import Emulator, emulated_pool

RECORDED_2024_05 = "Azure CLI's containerapp extension, test recording of 2024-05-16, api-version 2024-02-02-preview"
RECORDED_2024_11 = "Azure CLI's containerapp extension, test recording of 2024-11-11, api-version 2024-10-02-preview"
SPECIFIED = "azure-rest-api-specs, specification/app/data-plane/DynamicSessions"
DOCUMENTED = "Microsoft Learn, Azure Container Apps, code interpreter sessions"
REPORTED = "reports of people who called real pools"
NOTEBOOK = "outputs in LlamaIndex's example notebook, of runs on a real pool in May 2024"
TESTED = "Semantic Kernel's test data for the private preview's routes"
CHOSEN = "not known; chosen, see docs/session-pool-emulator.md"

A, A2, B, B2, B3 = (
    "2024-02-02-preview",
    "2024-08-02-preview",
    "2024-10-02-preview",
    "2025-02-02-preview",
    "2025-10-02-preview",
)


class Like(str):
    """Equal to every string that matches this pattern."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, str) and re.fullmatch(str(self), other, re.DOTALL) is not None

    __hash__ = str.__hash__


class AtLeast(int):
    """Equal to every integer that is at least this."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, int) and not isinstance(other, bool) and other >= int(self)

    __hash__ = int.__hash__


class Identifier(str):
    """A placeholder for the identifier of the call."""


TIME = Like(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}Z")
GUID = Like("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
NUMBER = AtLeast(0)
NONE = object()
"""An empty body."""

JSON = {"content-type": "application/json; charset=utf-8", "vary": "Accept-Encoding"}
TIMINGS = {
    "x-ms-allocation-retries": Like(r"\d+"),
    "x-ms-allocation-time": Like(r"\d+\.\d{4}"),
    "x-ms-container-execution-duration": Like(r"\d+"),
    "x-ms-execution-read-response-time": Like(r"\d+\.\d{4}"),
    "x-ms-execution-request-time": Like(r"\d+"),
    "x-ms-overall-execution-time": Like(r"\d+\.\d{4}"),
    "x-ms-preparation-time": Like(r"\d+\.\d{4}"),
    "x-ms-session-guid": GUID,
    "x-ms-total-execution-service-time": Like(r"\d+\.\d{4}"),
}
FRONT = {"server": "Microsoft-IIS/10.0", "x-powered-by": "ASP.NET", "mise-correlation-id": GUID}


@dataclass(frozen=True)
class Exchange:
    """One request and its answer. Headers that are None must be absent.

    `call` does the same with the connector's client, which must understand the answer as `means`; None where the
    connector has no use for the route.
    """

    name: str
    source: str
    version: str
    request: str
    """Method and path after the pool's, with query parameters other than identifier and api-version."""
    sent: Any = None
    """A JSON body, or bytes for a multipart body with the file cert.txt."""
    status: int = 200
    headers: dict[str, Any] = field(default_factory=dict)
    answer: Any = NONE
    before: tuple[tuple[str, Any], ...] = ()
    call: Callable[[SessionClient], Any] | None = None
    means: Callable[[Any], Any] = lambda _: True


def run_a(**result: Any) -> dict[str, Any]:
    members = {"status": "Success", "stdout": "", "stderr": "", "result": "", "executionTimeInMilliseconds": NUMBER}
    return {"$id": "1", "properties": {"$id": "2", **members, **result}}


def run_b(*, ids: bool = False, status: str = "Succeeded", kind: str = "Synchronous", **result: Any) -> dict[str, Any]:
    members = {"stdout": "", "stderr": "", "executionResult": "", "executionTimeInMilliseconds": NUMBER}
    return {
        **({"$id": "1"} if ids else {}),
        "id": GUID,
        "identifier": Identifier(),
        "executionType": kind,
        "status": status,
        "result": {**({"$id": "2"} if ids else {}), **members, **result},
    }


def a_body(code: str, **members: Any) -> dict[str, Any]:
    return {"properties": {"codeInputType": "inline", "executionType": "synchronous", "code": code, **members}}


def b_body(code: str, **members: Any) -> dict[str, Any]:
    return {"codeInputType": "inline", "executionType": "synchronous", "code": code, **members}


def execute(code: str) -> Callable[[SessionClient], Any]:
    return lambda session: session.execute_code(code, execution_id="e-1", timeout_seconds=60)


IDENTIFIER = "wire-0001"
HELLO = 'print("Hello world")'
FILE_A = {"$id": "3", "filename": "cert.txt", "size": 7, "lastModifiedTime": TIME}
UPLOAD_A, UPLOAD_B = ("POST files/upload", b"content"), ("POST files", b"content")
FAILURE = Like(r"division by zero-+\nZeroDivisionError .*ZeroDivisionError: division by zero\n\n")
IMAGE = {"type": "image", "format": "png", "base64_data": Like("iVBORw0KGgo[A-Za-z0-9+/=]+")}
PLOT = "import matplotlib.pyplot as plt\nplt.plot([1, 2])\nprint('shown')"


def error(status_code: str, message: str = ".+") -> dict[str, Any]:
    return {"error": {"code": status_code, "message": Like(message), "traceId": Like(".+")}}


def of_file(file: Any) -> bool:
    return (file.name, file.directory, file.size, file.modified is not None) == ("cert.txt", "", 7, True)


def of_files(files: Any) -> bool:
    return len(files) == 1 and of_file(files[0])


def of_run(status: str, value: Any, stdout: str = "") -> Callable[[Any], bool]:
    return lambda run: (run.status, run.value, run.stdout) == (status, value, stdout)


EXCHANGES = [
    # Family A.
    Exchange(
        "a run that prints",
        RECORDED_2024_05,
        A,
        "POST code/execute",
        {
            "properties": {
                "identifier": "testidentifier",
                **a_body(HELLO, timeoutInSeconds=60)["properties"],
            }
        },
        headers=JSON | TIMINGS | FRONT | {"api-supported-versions": None, "content-length": None},
        answer=run_a(stdout="Hello world\n"),
        call=execute(HELLO),
        means=of_run("Succeeded", "", "Hello world\n"),
    ),
    Exchange(
        "a run that prints",
        CHOSEN,
        A2,
        "POST code/execute",
        a_body(HELLO),
        headers=JSON | TIMINGS,
        answer=run_a(stdout="Hello world\n"),
        call=execute(HELLO),
        means=of_run("Succeeded", "", "Hello world\n"),
    ),
    Exchange(
        "a value",
        DOCUMENTED,
        A,
        "POST code/execute",
        a_body("6 * 7"),
        answer=run_a(result=42),
        call=execute("6 * 7"),
        means=of_run("Succeeded", 42),
    ),
    Exchange(
        "code that fails",
        NOTEBOOK,
        A,
        "POST code/execute",
        a_body("1/0"),
        answer=run_a(status="Failure", stderr=FAILURE, result=None),
        call=execute("1/0"),
        means=of_run("Failed", None),
    ),
    Exchange(
        "a figure",
        NOTEBOOK,
        A,
        "POST code/execute",
        a_body(PLOT),
        answer=run_a(stdout="shown\n", result=IMAGE),
        call=execute(PLOT),
        means=lambda run: run.value["type"] == "image" and run.stdout == "shown\n",
    ),
    Exchange(
        "an upload",
        RECORDED_2024_05,
        A,
        "POST files/upload",
        b"content",
        headers=JSON | FRONT | {name: None for name in TIMINGS},
        answer={"$id": "1", "value": [{"$id": "2", "properties": FILE_A}]},
        call=lambda session: session.upload_file(FilePath("", "cert.txt"), b"content"),
        means=of_file,
    ),
    Exchange(
        "a list",
        RECORDED_2024_05,
        A,
        "GET files?path=",
        before=(UPLOAD_A,),
        headers=JSON | FRONT | {name: None for name in TIMINGS},
        answer={"$id": "1", "value": [{"$id": "2", "properties": FILE_A}]},
        call=lambda session: session.list_files("", recursive=False),
        means=of_files,
    ),
    Exchange(
        "a list of nothing",
        RECORDED_2024_05,
        A,
        "GET files?path=",
        answer={"$id": "1", "value": []},
        call=lambda session: session.list_files("", recursive=False),
        means=lambda files: files == [],
    ),
    Exchange(
        "a file's content",
        RECORDED_2024_05,
        A,
        "GET files/content/cert.txt",
        before=(UPLOAD_A,),
        headers={"content-type": "application/octet-stream", "content-length": "7", "transfer-encoding": None},
        answer=b"content",
        call=lambda session: session.download_file(FilePath("", "cert.txt")),
        means=lambda content: content == b"content",
    ),
    Exchange(
        "a file's properties",
        RECORDED_2024_05,
        A,
        "GET files/cert.txt",
        before=(UPLOAD_A,),
        answer={"$id": "1", "properties": {**FILE_A, "$id": "2"}},
        call=lambda session: session.get_file(FilePath("", "cert.txt")),
        means=of_file,
    ),
    Exchange(
        "a deletion",
        RECORDED_2024_05,
        A,
        "DELETE files/cert.txt",
        before=(UPLOAD_A,),
        status=204,
        headers={"content-type": None},
        call=lambda session: session.delete_file(FilePath("", "cert.txt")),
    ),
    # Family B, the first version.
    Exchange(
        "a run that prints",
        RECORDED_2024_11,
        B,
        "POST executions",
        b_body(HELLO, timeoutInSeconds=60),
        status=202,
        headers=JSON
        | TIMINGS
        | FRONT
        | {"api-supported-versions": B, "operation-id": None, "operation-location": None},
        answer=run_b(ids=True, kind="synchronous", stdout="Hello world\n"),
        call=execute(HELLO),
        means=of_run("Succeeded", "", "Hello world\n"),
    ),
    Exchange(
        "an upload",
        RECORDED_2024_11,
        B,
        "POST files",
        b"content",
        answer={
            "$id": "1",
            "name": "cert.txt",
            "type": "",
            "contentType": "",
            "sizeInBytes": 7,
            "lastModifiedAt": TIME,
        },
        headers=JSON | FRONT | {name: None for name in TIMINGS},
        call=lambda session: session.upload_file(FilePath("", "cert.txt"), b"content"),
        means=of_file,
    ),
    Exchange(
        "a list",
        RECORDED_2024_11,
        B,
        "GET files?path=",
        before=(UPLOAD_B,),
        answer={
            "$id": "1",
            "value": [
                {
                    "$id": "2",
                    "name": "cert.txt",
                    "type": "file",
                    "contentType": "text/plain; charset=utf-8",
                    "sizeInBytes": 7,
                    "lastModifiedAt": TIME,
                }
            ],
        },
        headers=JSON | {"api-supported-versions": B},
        call=lambda session: session.list_files("", recursive=False),
        means=of_files,
    ),
    Exchange(
        "a list of nothing",
        RECORDED_2024_11,
        B,
        "GET files?path=",
        answer={"$id": "1", "value": []},
        call=lambda session: session.list_files("", recursive=False),
        means=lambda files: files == [],
    ),
    Exchange(
        "a file's content",
        RECORDED_2024_11,
        B,
        "GET files/cert.txt/content",
        before=(UPLOAD_B,),
        headers={"content-type": "application/octet-stream", "content-length": "7", "transfer-encoding": None},
        answer=b"content",
        call=lambda session: session.download_file(FilePath("", "cert.txt")),
        means=lambda content: content == b"content",
    ),
    Exchange(
        "a file's properties",
        RECORDED_2024_11,
        B,
        "GET files/cert.txt",
        before=(UPLOAD_B,),
        answer={"$id": "1", "name": "cert.txt", "sizeInBytes": 7, "lastModifiedAt": TIME},
        call=lambda session: session.get_file(FilePath("", "cert.txt")),
        means=of_file,
    ),
    Exchange(
        "a deletion",
        RECORDED_2024_11,
        B,
        "DELETE files/cert.txt",
        before=(UPLOAD_B,),
        status=204,
        headers={"content-type": None},
        call=lambda session: session.delete_file(FilePath("", "cert.txt")),
    ),
    # Family B, later versions.
    Exchange(
        "a run in 2025-02",
        SPECIFIED,
        B2,
        "POST executions",
        b_body("1+1"),
        status=202,
        headers=JSON | TIMINGS | {"api-supported-versions": f"{B2}, {B3}"},
        answer=run_b(kind="synchronous", executionResult=2),
        call=execute("1+1"),
        means=of_run("Succeeded", 2),
    ),
    Exchange(
        "a run in 2025-10",
        REPORTED,
        B3,
        "POST executions",
        {"code": "1+1"},
        headers=JSON | TIMINGS | {"x-ms-new-allocation": Like("true|false")},
        answer=run_b(executionResult=2),
        call=execute("1+1"),
        means=of_run("Succeeded", 2),
    ),
    Exchange(
        "code that fails",
        REPORTED,
        B3,
        "POST executions",
        {"code": "print('before')\n1/0"},
        answer=run_b(status="Failed", stdout="before\n", stderr=FAILURE, executionResult=None),
        call=execute("print('before')\n1/0"),
        means=of_run("Failed", None, "before\n"),
    ),
    Exchange(
        "code that takes too long",
        REPORTED,
        B3,
        "POST executions",
        {"code": "import time; time.sleep(30)", "timeoutInSeconds": 1},
        answer=run_b(
            status="Failed",
            stderr="Request timed out waiting for code execution to complete after 1 seconds",
            executionResult=None,
        ),
        call=lambda session: session.execute_code("import time; time.sleep(30)", execution_id="e-1", timeout_seconds=1),
        means=of_run("Failed", None),
    ),
    *[
        Exchange(
            f"the value of {code}" + (" in Jupyter's format" if jupyter else ""),
            SPECIFIED,
            B3,
            "POST executions",
            {"code": code, **({"returnJupyterFormatExecutionResult": True} if jupyter else {})},
            answer=run_b(executionResult=value),
            call=None if jupyter else execute(code),
            means=of_run("Succeeded", value),
        )
        for code, jupyter, value in (
            ("'nan'", False, "nan"),
            ("'nan'", True, "'nan'"),
            ("float('nan')", False, None),
            ("float('nan')", True, "nan"),
            ("None", False, ""),
            ("None", True, None),
            ("True", False, True),
            ("[1, 2]", False, "[1, 2]"),
        )
    ],
    Exchange(
        "output is truncated at 4,096 characters",
        SPECIFIED,
        B3,
        "POST executions",
        {"code": "print('x' * 5000)"},
        answer=run_b(stdout="x" * 4096),
    ),
    Exchange(
        "output is truncated at the requested length",
        SPECIFIED,
        B3,
        "POST executions",
        {"code": "print('x' * 5000)", "outputStreamsMaxLength": 5000},
        answer=run_b(stdout="x" * 5000),
        call=execute("print('x' * 5000)"),
        means=of_run("Succeeded", "", "x" * 5000),
    ),
    Exchange(
        "a wrapped body",
        REPORTED,
        B3,
        "POST executions",
        {"properties": {"code": "1"}},
        status=400,
        headers={"x-ms-error-code": "SessionPropertiesMissing"},
        answer=error("SessionPropertiesMissing", ".*code.* required but not provided.*"),
    ),
    Exchange(
        "a list",
        SPECIFIED,
        B3,
        "GET files",
        before=(UPLOAD_B,),
        answer={
            "value": [
                {
                    "name": "cert.txt",
                    "type": "file",
                    "contentType": "text/plain; charset=utf-8",
                    "sizeInBytes": 7,
                    "lastModifiedAt": TIME,
                    "directory": ".",
                }
            ]
        },
        call=lambda session: session.list_files("", recursive=False),
        means=of_files,
    ),
    Exchange(
        "the deletion of what is not there",
        REPORTED,
        B3,
        "DELETE files/cert.txt",
        status=404,
        headers={"x-ms-error-code": "DeleteFileError"},
        answer=error("DeleteFileError"),
    ),
    Exchange(
        "a folder that is none",
        REPORTED,
        B3,
        "GET files?path=.ade/bin",
        status=400,
        answer=error("FilePathInvalid", r"File Path '/?\.ade/bin' is invalid because .*"),
    ),
    Exchange(
        "a route of the other family",
        REPORTED,
        B3,
        "POST code/execute",
        a_body("1"),
        status=400,
        answer=error("SessionRequestNotSupported"),
    ),
    Exchange(
        "a session",
        REPORTED,
        B3,
        "GET session",
        before=(UPLOAD_B,),
        answer={
            "identifier": Identifier(),
            "createdAt": TIME,
            "lastAccessedAt": TIME,
            "expireAt": TIME,
            "etag": Like("0--.+"),
        },
        call=lambda session: session.get_session(),
        means=lambda session: session.created <= session.last_accessed < session.expires,
    ),
    Exchange(
        "the end of a session",
        REPORTED,
        B3,
        "DELETE session",
        before=(UPLOAD_B,),
        status=204,
        call=lambda session: session.end_session(),
    ),
    Exchange(
        "a version that is not known",
        REPORTED,
        "2020-01-01",
        "GET files",
        status=401,
    ),
    Exchange(
        "the private preview's run",
        TESTED,
        A,
        "POST python/execute",
        {"properties": {"codeInputType": "inline", "executionType": "synchronous", "pythonCode": "1+1"}},
        answer={
            "$id": "1",
            "status": "Success",
            "stdout": "",
            "stderr": "",
            "result": 2,
            "executionTimeInMilliseconds": NUMBER,
        },
    ),
    Exchange(
        "the private preview's list",
        TESTED,
        A,
        "GET python/files",
        before=(UPLOAD_A,),
        answer={
            "$id": "1",
            "$values": [{"$id": "2", "filename": "cert.txt", "size": 7, "last_modified_time": TIME}],
        },
    ),
]


def _ids(exchange: Exchange) -> str:
    return f"{exchange.version}: {exchange.name}"


def assert_same(expected: Any, actual: Any, identifier: str, at: str = "body") -> None:
    """Also the order of members: some clients' authors look at texts, not at objects."""
    if isinstance(expected, dict):
        assert isinstance(actual, dict), at
        assert list(actual) == list(expected), at
        for name, value in expected.items():
            assert_same(value, actual[name], identifier, f"{at}.{name}")
    elif isinstance(expected, list):
        assert len(actual) == len(expected), at
        for index, value in enumerate(expected):
            assert_same(value, actual[index], identifier, f"{at}[{index}]")
    elif isinstance(expected, Identifier):
        assert actual == identifier, at
    else:
        assert expected == actual, at
        assert isinstance(actual, bool) == isinstance(expected, bool), at


class Caller:
    """Sends the table's requests to a pool."""

    def __init__(self, endpoint: str, token: str, identifier: str) -> None:
        self.endpoint, self.token, self.identifier = endpoint, token, identifier

    def send(self, request: str, sent: Any, version: str) -> requests.Response:
        method, _, target = request.partition(" ")
        path, _, query = target.partition("?")
        parameters = {"identifier": self.identifier, "api-version": version, **dict(parse_qsl(query, True))}
        body = {"files": {"file": ("cert.txt", sent)}} if isinstance(sent, bytes) else {"json": sent}
        return requests.request(
            method,
            f"{self.endpoint}/{path}",
            params=parameters,
            headers={"Authorization": f"Bearer {self.token}"},
            timeout=60,
            **(body if sent is not None else {}),
        )


def check(exchange: Exchange, caller: Caller) -> None:
    for request, sent in exchange.before:
        caller.send(request, sent, exchange.version).raise_for_status()
    response = caller.send(exchange.request, exchange.sent, exchange.version)
    assert response.status_code == exchange.status, response.text
    for name, value in exchange.headers.items():
        assert response.headers.get(name) == value if value is None else value == response.headers.get(name), name
    if exchange.answer is NONE:
        assert response.content == b""
    elif isinstance(exchange.answer, bytes):
        assert response.content == exchange.answer
    else:
        assert ": " not in re.sub(r'"(\\.|[^"\\])*"', '""', response.text), "JSON without spaces"
        assert_same(exchange.answer, response.json(), caller.identifier)


@pytest.mark.parametrize("exchange", EXCHANGES, ids=_ids)
def test_the_pool_answers_so(exchange, emulator, session_id):
    """Status, headers, members, their order and their values."""
    check(exchange, Caller(emulator.pool.endpoint, emulator.authority.issue()[0], session_id))


@pytest.mark.live
@pytest.mark.parametrize("exchange", EXCHANGES, ids=_ids)
def test_a_real_pool_answers_so(exchange, session_id):
    """The same, of the pool that LIVE_POOL_ENDPOINT names."""
    check(exchange, Caller(os.environ["LIVE_POOL_ENDPOINT"], os.environ["LIVE_POOL_TOKEN"], session_id))


@dataclass
class Recorded:
    """A pool that gives one answer, and what it was asked."""

    endpoint: str
    method: str = ""
    target: str = ""
    body: bytes = b""


@pytest.fixture
def recorded_pool(request: pytest.FixtureRequest) -> Iterator[Callable[[Exchange], Recorded]]:
    servers = []

    def start(exchange: Exchange) -> Recorded:
        recorded = Recorded("")

        class Handler(BaseHTTPRequestHandler):
            def do(self) -> None:
                recorded.method, recorded.target = self.command, self.path
                recorded.body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                is_json = isinstance(exchange.answer, dict)
                content = json.dumps(_example(exchange.answer)).encode() if is_json else exchange.answer
                self.send_response(exchange.status)
                if is_json:
                    self.send_header("Content-Type", "application/json; charset=utf-8")
                self.end_headers()
                self.wfile.write(content if isinstance(content, bytes) else b"")

            do_GET = do_POST = do_DELETE = do

            def log_message(self, *_: object) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        servers.append(server)
        recorded.endpoint = f"http://127.0.0.1:{server.server_port}/subscriptions/s/resourceGroups/g/sessionPools/p"
        return recorded

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def _example(node: Any) -> Any:
    """An answer as the table describes it."""
    if isinstance(node, dict):
        return {name: _example(value) for name, value in node.items()}
    if isinstance(node, list):
        return [_example(item) for item in node]
    examples = {id(TIME): "2024-11-11T09:05:02.4865293Z", id(GUID): "8148371f-18fe-4cfd-8ca8-20246d469817"}
    if isinstance(node, Like):
        return examples.get(id(node), "iVBORw0KGgo=" if node is IMAGE["base64_data"] else "text")
    return int(node) if isinstance(node, AtLeast) else IDENTIFIER if isinstance(node, Identifier) else node


class Token:
    def token(self, deadline: object = None) -> str:
        return "given"

    def renew(self, rejected: str) -> bool:
        return False


@pytest.mark.parametrize("exchange", [exchange for exchange in EXCHANGES if exchange.call is not None], ids=_ids)
def test_the_client_sends_and_reads_so(exchange, recorded_pool):
    """The connector's client sends the same method, path and members, and understands the response."""
    if exchange.name == "a session":
        exchange = Exchange(
            **{**vars(exchange), "answer": {**exchange.answer, "expireAt": "2024-11-11T10:00:00.0000000Z"}}
        )
    recorded = recorded_pool(exchange)
    pool = SessionPoolClient(recorded.endpoint, Token(), api_version=exchange.version)
    assert exchange.means(exchange.call(CallerSessions(Pools(pool)).session(IDENTIFIER)))
    method, _, target = exchange.request.partition(" ")
    assert recorded.method == method
    asked = urlsplit(recorded.target)
    assert asked.path == f"{urlsplit(recorded.endpoint).path}/{target.partition('?')[0]}"
    assert dict(parse_qsl(asked.query)) == {"identifier": IDENTIFIER, "api-version": exchange.version}
    if isinstance(exchange.sent, bytes):
        assert b'name="file"; filename="cert.txt"' in recorded.body
        assert b"\r\n\r\ncontent\r\n" in recorded.body
    elif exchange.sent is not None:
        _assert_contains(json.loads(recorded.body), exchange.sent)


def _assert_contains(sent: dict[str, Any], expected: dict[str, Any]) -> None:
    """Every member of the table's request is sent; enum values ignore case, and the identifier is in the query."""
    for name, value in expected.items():
        if name in ("identifier", "outputStreamsMaxLength"):
            continue
        if isinstance(value, dict):
            _assert_contains(sent[name], value)
        elif name in ("codeInputType", "executionType"):
            assert sent[name].lower() == value.lower()
        else:
            assert sent[name] == value


def test_every_version_is_in_the_table():
    """Every supported version has an exchange, and names are unique within a version."""
    assert {exchange.version for exchange in EXCHANGES} >= {A, A2, B, B2, B3}
    names = [(exchange.version, exchange.name) for exchange in EXCHANGES]
    assert len(set(names)) == len(names)


# ---- the pool's MCP server


TUTORIALS = "Microsoft Learn, tutorials on MCP with dynamic sessions, of 2025-11 and 2026-02"
MCP_PAGES = "Microsoft Learn, Azure Container Apps: mcp-overview, mcp-authentication, mcp-troubleshooting, 2026-02"
LAB = "a published lab with outputs of a real Shell pool, of 2025-11"


class Environment(str):
    """A placeholder for the ID of an environment that was launched before."""


@dataclass(frozen=True)
class McpExchange:
    """One message to the MCP server, and what its answer has at least."""

    name: str
    source: str
    sent: Any
    """The message without `jsonrpc` and `id`, or the bytes of a body."""
    answer: Any = NONE
    status: int = 200
    pool: str = "PythonLTS"
    headers: Callable[[str], dict[str, str]] = lambda key: {"x-ms-apikey": key}
    """Made of the key."""


def call_tool(tool: str, **arguments: Any) -> dict[str, Any]:
    return {"method": "tools/call", "params": {"name": tool, "arguments": arguments}}


def run_python(code: str) -> dict[str, Any]:
    return call_tool("runPythonCodeInRemoteEnvironment", environmentId=Environment(), pythonCode=code)


def run_shell(**command: Any) -> dict[str, Any]:
    return call_tool("runShellCommandInRemoteEnvironment", environmentId=Environment(), **command)


def of_tool(*, failed: bool = False, **content: Any) -> dict[str, Any]:
    return {"result": {"structuredContent": content, "isError": failed}}


INITIALIZED = {
    "result": {
        "protocolVersion": "2025-03-26",
        "serverInfo": {"name": "Microsoft Container Apps MCP Server"},
        "capabilities": {"tools": {"call": True, "list": True}},
    }
}
LAUNCHED = of_tool(environmentId=GUID)

MCP_EXCHANGES = [
    McpExchange("initialize", MCP_PAGES, {"method": "initialize"}, INITIALIZED),
    McpExchange(
        "initialize in another version",
        CHOSEN,
        {"method": "initialize", "params": {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {}}},
        INITIALIZED,
    ),
    McpExchange(
        "the version of the server, which clients require",
        CHOSEN,
        {"method": "initialize"},
        {"result": {"serverInfo": {"version": Like(".+")}}},
    ),
    McpExchange("a notification", CHOSEN, b'{"jsonrpc":"2.0","method":"notifications/initialized"}', status=202),
    *[
        McpExchange(
            f"tools of a pool for {pool}",
            MCP_PAGES,
            {"method": "tools/list"},
            {
                "result": {
                    "tools": [
                        {"name": "launchShell"},
                        {"name": "runShellCommandInRemoteEnvironment"},
                        {"name": "runPythonCodeInRemoteEnvironment"},
                    ]
                }
            },
            pool=pool,
        )
        for pool in ("PythonLTS", "Shell")
    ],
    McpExchange("an environment for Python", TUTORIALS, call_tool("launchShell"), LAUNCHED),
    McpExchange("an environment for a shell", TUTORIALS, call_tool("launchShell"), LAUNCHED, pool="Shell"),
    McpExchange("an environment by its first name", TUTORIALS, call_tool("launchPythonEnvironment"), LAUNCHED),
    McpExchange(
        "an environment by the name for shells", LAB, call_tool("launchShellEnvironment"), LAUNCHED, pool="Shell"
    ),
    McpExchange("code", TUTORIALS, run_python("print(6 * 7)"), of_tool(stdout="42\n")),
    McpExchange(
        "the other members of a result",
        CHOSEN,
        run_python("6 * 7"),
        of_tool(status="Succeeded", stdout="", stderr="", executionResult=42, executionTimeInMilliseconds=NUMBER),
    ),
    McpExchange(
        "code that fails",
        CHOSEN,
        run_python("1/0"),
        of_tool(failed=True, status="Failed", stderr=FAILURE, executionResult=None),
    ),
    McpExchange("a figure", CHOSEN, run_python(PLOT), of_tool(stdout="shown\n", executionResult="")),
    McpExchange("a command in a pool for Python", TUTORIALS, run_shell(shellCommand="echo hi"), of_tool(stdout="hi\n")),
    McpExchange(
        "a command", TUTORIALS, run_shell(shellCommand="echo hi | tr h H"), of_tool(stdout="Hi\n"), pool="Shell"
    ),
    McpExchange(
        "a command with arguments",
        TUTORIALS,
        run_shell(execCommandAndArgs=["echo", "$HOME", "a  b"]),
        of_tool(stdout="$HOME a  b\n"),
        pool="Shell",
    ),
    *[
        McpExchange(
            f"the exit code of a command in a pool for {pool}",
            CHOSEN,
            run_shell(shellCommand="echo bad >&2; exit 3"),
            of_tool(status="3", stdout="", stderr="bad\n", executionTimeInMilliseconds=NUMBER),
            pool=pool,
        )
        for pool in ("PythonLTS", "Shell")
    ],
    McpExchange("code in a pool for a shell", CHOSEN, run_python("1"), {"result": {"isError": True}}, pool="Shell"),
    McpExchange(
        "an environment that does not exist",
        MCP_PAGES,
        call_tool("runPythonCodeInRemoteEnvironment", environmentId="0d72ca36", pythonCode="1"),
        {"error": {"message": Like(".*[Ee]nvironment.*")}},
    ),
    McpExchange(
        "the code of that error",
        CHOSEN,
        call_tool("runPythonCodeInRemoteEnvironment", environmentId="0d72ca36", pythonCode="1"),
        {"error": {"code": -32602}},
    ),
    McpExchange("a tool that does not exist", CHOSEN, call_tool("launch"), {"error": {"code": -32602}}),
    McpExchange("a method that it does not have", MCP_PAGES, {"method": "ping"}, {"error": {"code": -32601}}),
    McpExchange("what is not JSON", MCP_PAGES, b"{", {"error": {"code": -32700}}, status=400),
    McpExchange("what is not JSON-RPC", MCP_PAGES, b'{"id":1,"method":"tools/list"}', {"error": {}}, status=400),
    McpExchange("no key", MCP_PAGES, {"method": "initialize"}, status=401, headers=lambda key: {}),
    McpExchange(
        "a key that is wrong",
        MCP_PAGES,
        {"method": "initialize"},
        status=401,
        headers=lambda key: {"x-ms-apikey": f"{key}x"},
    ),
    McpExchange(
        "the key as a bearer token",
        MCP_PAGES,
        {"method": "initialize"},
        status=401,
        headers=lambda key: {"Authorization": f"Bearer {key}"},
    ),
]


def assert_has(expected: Any, actual: Any, at: str = "body") -> None:
    """Every member that is expected; others may be there."""
    if isinstance(expected, dict):
        for name, value in expected.items():
            assert name in actual, f"{at}.{name}"
            assert_has(value, actual[name], f"{at}.{name}")
    elif isinstance(expected, list):
        assert len(actual) == len(expected), at
        for index, value in enumerate(expected):
            assert_has(value, actual[index], f"{at}[{index}]")
    else:
        assert expected == actual, at


def check_mcp(exchange: McpExchange, endpoint: str, key: str) -> None:
    def post(sent: Any, headers: dict[str, str]) -> requests.Response:
        body = {"data": sent} if isinstance(sent, bytes) else {"json": {"jsonrpc": "2.0", "id": "1", **sent}}
        headers = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream", **headers}
        return requests.post(endpoint, headers=headers, timeout=60, **body)

    sent = exchange.sent
    arguments = sent.get("params", {}).get("arguments", {}) if isinstance(sent, dict) else {}
    if isinstance(arguments.get("environmentId"), Environment):
        launched = post(call_tool("launchShell"), {"x-ms-apikey": key}).json()["result"]
        environment = launched["structuredContent"]["environmentId"]
        sent = call_tool(sent["params"]["name"], **{**arguments, "environmentId": environment})
    response = post(sent, exchange.headers(key))
    assert response.status_code == exchange.status, response.text
    if exchange.answer is NONE:
        assert response.content == b""
        return
    body = response.json()
    assert (body["jsonrpc"], body["id"]) == ("2.0", None if isinstance(sent, bytes) else "1")
    assert_has(exchange.answer, body)


@pytest.fixture(scope="module")
def mcp_pools() -> Iterator[dict[str, Emulator]]:
    """Two pools with an MCP server, by their container types."""
    with emulated_pool(mcp=True) as python, emulated_pool(mcp=True, container_type="Shell") as shell:
        yield {"PythonLTS": python, "Shell": shell}


@pytest.mark.parametrize("exchange", MCP_EXCHANGES, ids=lambda exchange: exchange.name)
def test_the_mcp_server_of_the_pool_answers_so(exchange, mcp_pools):
    """Status, and at least these members."""
    pool = mcp_pools[exchange.pool].pool
    check_mcp(exchange, pool.mcp_endpoint, pool.mcp.key)


@pytest.mark.live
@pytest.mark.parametrize("exchange", MCP_EXCHANGES, ids=lambda exchange: exchange.name)
def test_the_mcp_server_of_a_real_pool_answers_so(exchange):
    """The same, of the pools that LIVE_MCP_PYTHONLTS and LIVE_MCP_SHELL name."""
    check_mcp(exchange, *os.environ[f"LIVE_MCP_{exchange.pool.upper()}"].split())

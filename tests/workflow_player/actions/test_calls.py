"""HTTP actions: retries, polls after a 202, chunks and limits.

Sources: "Handle errors and exceptions", "Limits and configuration", "Handle large messages" and "Connect to HTTP
endpoints" of Azure Logic Apps.
"""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from tests.workflow_player.flows import play
from workflow_player.chunks import TransferLimits
from workflow_player.errors import FlowError
from workflow_player.results import ActionResult

Json = dict[str, Any]


@dataclass
class Host:
    """A server whose answers are given; it keeps the requests."""

    answers: list[tuple[int, dict[str, str], bytes]] = field(default_factory=list)
    requests: list[tuple[str, str, dict[str, str], bytes]] = field(default_factory=list)
    url: str = ""
    hold: threading.Event = field(default_factory=threading.Event)

    def answer(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.answers.append((status, {name.replace("_", "-"): value for name, value in headers.items()}, body))

    def methods(self) -> list[str]:
        return [method for method, *_ in self.requests]


@pytest.fixture
def host() -> Iterator[Host]:
    host = Host()

    class Handler(BaseHTTPRequestHandler):
        def do(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            host.requests.append((self.command, self.path, dict(self.headers), self.rfile.read(length)))
            status, headers, body = host.answers.pop(0)
            if status == 0:
                host.hold.wait(20)
                return
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value.replace("HOST", host.url))
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = do_PUT = do_PATCH = do

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        host.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield host
        host.hold.set()
        server.shutdown()
        thread.join()


@pytest.fixture
def call(host: Host) -> Callable[..., ActionResult]:
    """Returns a function that plays an HTTP action: `sent` is its body, `body` that of the request to the flow."""

    def make(
        method: str = "GET",
        *,
        options: Json | None = None,
        dialect: str = "consumption",
        body: Any = None,
        sent: Any = None,
        **inputs: Any,
    ) -> ActionResult:
        members = {
            name: inputs.pop(name) for name in ("operationOptions", "runtimeConfiguration", "limit") if name in inputs
        }
        if sent is not None:
            inputs["body"] = sent
        action = {"type": "Http", "inputs": {"method": method, "uri": f"{host.url}/x", **inputs}, **members}
        return play({"Call": action}, body, dialect, **(options or {})).actions["Call"]

    return make


@pytest.mark.parametrize(
    ("kind", "content", "value"),
    [
        ("application/json; charset=utf-8", b'{"a": 1}', {"a": 1}),
        ("text/csv", b"a,b", "a,b"),
        ("image/png", b"\x89P", {"$content-type": "image/png", "$content": "iVA="}),
        ("application/json", b"", None),
    ],
)
def test_bodies_of_responses(host, call, kind, content, value):
    """JSON is a value, text a text, everything else a content object."""
    host.answer(200, content, Content_Type=kind)
    outputs = call().outputs
    assert (outputs["statusCode"], outputs["body"]) == (200, value)
    assert outputs["headers"]["Content-Type"] == kind


@pytest.mark.parametrize(
    ("body", "content", "kind"),
    [
        ("@triggerBody()", b'{"a":"\xc3\xa9"}', "application/json"),
        ("x", b"x", "text/plain"),
        ("@base64ToBinary('iVA=')", b"\x89P", "application/octet-stream"),
    ],
)
def test_bodies_of_requests(host, call, body, content, kind):
    """An object is sent as JSON, a content object as the bytes that it holds."""
    host.answer(200)
    call("POST", body={"a": "é"}, sent=body, queries={"q": "a b", "yes": True})
    ((method, path, headers, sent),) = host.requests
    assert (method, path, sent) == ("POST", "/x?q=a+b&yes=true", content)
    assert headers["Content-Type"].startswith(kind)


def test_own_content_type(host, call):
    """That of the headers comes first."""
    host.answer(200)
    call("PUT", sent="<a/>", headers={"content-type": "application/xml"})
    assert [value for name, value in host.requests[-1][2].items() if name.lower() == "content-type"] == [
        "application/xml"
    ]


@pytest.mark.parametrize(("dialect", "count"), [("consumption", 5), ("power-automate", 3)])
@pytest.mark.parametrize("status", [408, 429, 503])
def test_retries(host, call, dialect, count, status):
    """By default 4 times in Logic Apps, at least twice in Power Automate; then the action has failed."""
    for _ in range(count):
        host.answer(status)
    result = call(dialect=dialect)
    assert (result.status, result.attempts, len(host.requests)) == ("Failed", count, count)


def test_a_retry_that_succeeds(host, call):
    """The action has succeeded; the pauses grow, and are as long as Retry-After says."""
    host.answer(500)
    host.answer(429, Retry_After="60")
    host.answer(200)
    result = call()
    assert (result.status, result.attempts) == ("Succeeded", 3)
    assert result.seconds > 7.5 + 60


@pytest.mark.parametrize("status", [400, 401, 404, 409])
def test_what_is_not_retried(host, call, status):
    """Other errors fail the action at once. Its outputs have the response; it has no error for expressions."""
    host.answer(status, b'{"error": {"code": "X"}}', Content_Type="application/json")
    result = call()
    assert (result.status, len(host.requests)) == ("Failed", 1)
    assert (result.outputs["statusCode"], result.outputs["body"]) == (status, {"error": {"code": "X"}})
    assert result.error and "error" not in result.record()


@pytest.mark.parametrize(
    ("policy", "count"),
    [
        ({"type": "none"}, 1),
        ({"type": "fixed", "count": 2, "interval": "PT5S"}, 3),
        ({"type": "exponential", "count": 1, "interval": "PT5S"}, 2),
    ],
)
def test_retry_policies(host, call, policy, count):
    """None, with fixed or with growing intervals."""
    for _ in range(count):
        host.answer(500)
    assert call(retryPolicy=policy).code == "InternalServerError"
    assert len(host.requests) == count


@pytest.mark.parametrize(
    "policy", [{"type": "sometimes"}, {"type": "fixed", "count": 91, "interval": "PT5S"}, {"type": "fixed", "count": 2}]
)
def test_retry_policies_that_there_are_not(call, policy):
    """They fail the play."""
    with pytest.raises(FlowError, match="Call: .*retry policy"):
        call(retryPolicy=policy)


def test_a_request_that_takes_too_long(host, call):
    """It is sent again; at last, the action has timed out."""
    host.answer(0)
    host.answer(200)
    assert call(options={"call_seconds": 0.2}).attempts == 2
    host.answer(0)
    assert call(options={"call_seconds": 0.2}, retryPolicy={"type": "none"}).status == "TimedOut"


def test_a_host_that_is_not_there(call):
    """It is not asked again."""
    result = call(uri="http://127.0.0.1:9/")
    assert (result.status, result.code) == ("Failed", "BadRequest")


def test_polls(host, call):
    """A 202 with Location is polled, without the headers of the action, until it is another status."""
    host.answer(202, Location="HOST/status?1", Retry_After="5")
    host.answer(202, Location="/status?2")
    host.answer(200, b'{"done": true}', Content_Type="application/json")
    result = call("POST", sent={"a": 1}, headers={"x-functions-key": "secret"})
    assert (result.outputs["body"], result.polls) == ({"done": True}, 2)
    assert [path for _, path, *_ in host.requests] == ["/x", "/status?1", "/status?2"]
    assert host.methods() == ["POST", "GET", "GET"]
    assert all("x-functions-key" not in headers for _, _, headers, _ in host.requests[1:])
    assert 5 + 20 <= result.seconds < 26


def test_polls_have_the_authentication(host, call):
    """That of the action, which is no header of it."""
    host.answer(202, Location="HOST/status")
    host.answer(200)
    call(authentication={"type": "Raw", "value": "Bearer x"}, headers={"x-functions-key": "secret"})
    assert host.requests[1][2]["Authorization"] == "Bearer x" and "x-functions-key" not in host.requests[1][2]


def test_a_poll_that_fails(host, call):
    """It fails the action, after its retries."""
    host.answer(202, Location="HOST/status")
    for _ in range(2):
        host.answer(503)
    host.answer(404)
    assert call().code == "NotFound"


def test_polls_end_at_the_limit_of_the_action(host, call):
    """The action has timed out."""
    for _ in range(3):
        host.answer(202, Location="HOST/status", Retry_After="50")
    assert call(limit={"timeout": "PT2M"}).status == "TimedOut"


def test_a_202_that_is_not_polled(host, call):
    """Without Location, or without the asynchronous pattern, it is the response."""
    host.answer(202)
    assert call().outputs["statusCode"] == 202
    host.answer(202, Location="HOST/status")
    assert call(operationOptions="DisableAsyncPattern").outputs["statusCode"] == 202


CHUNKED = {"contentTransfer": {"transferMode": "Chunked"}}


def test_upload_in_chunks(host, call):
    """The first request has no body; chunks are as large as the responses say, and have no headers of the action."""
    host.answer(200, Location="HOST/chunks", x_ms_chunk_size="4")
    host.answer(200, Range="bytes=0-3")
    host.answer(200, Range="bytes=0-5")
    result = call("PUT", sent="abcdef", headers={"x-functions-key": "secret"}, runtimeConfiguration=CHUNKED)
    assert result.status == "Succeeded", result.error
    (_, _, begin, nothing), (_, _, first, four), (_, _, second, two) = host.requests
    assert (begin["x-ms-transfer-mode"], begin["x-ms-content-length"], nothing) == ("chunked", "6", b"")
    assert (first["Content-Range"], four, second["Content-Range"], two) == (
        "bytes=0-3/6",
        b"abcd",
        "bytes=4-5/6",
        b"ef",
    )
    assert "x-functions-key" in begin and "x-functions-key" not in first


def test_upload_to_an_endpoint_without_chunks(host, call):
    """It fails the action."""
    host.answer(200)
    assert call("PUT", sent="abc", runtimeConfiguration=CHUNKED).code == "ChunkedTransferFailed"


def test_download_in_chunks(host, call):
    """What a 206 lacks is asked for, of the same version; the parts become one body."""
    host.answer(206, b"abcd", Content_Range="bytes 0-3/6", ETag='"1"', Content_Type="text/plain")
    host.answer(206, b"ef", Content_Range="bytes 4-5/6", ETag='"1"')
    result = call(runtimeConfiguration=CHUNKED, options={"limits": TransferLimits(chunk_bytes=4)})
    assert result.outputs["body"] == "abcdef"
    assert [headers.get("Range") for _, _, headers, _ in host.requests] == ["bytes=0-3", "bytes=4-5"]
    assert host.requests[1][2]["If-Range"] == '"1"'


def test_messages_that_are_too_large(host, call):
    """A request is not sent, a response fails the action."""
    limits = {"limits": TransferLimits(message_bytes=3)}
    assert call("PUT", sent="abcd", options=limits).code == "RequestEntityTooLarge"
    host.answer(200, b"abcd", Content_Type="text/plain")
    assert call(options=limits).code == "HttpResponseContentBufferSizeExceeded"


@pytest.mark.parametrize("name", ["Host", "Content-Length", "Accept-Encoding", "Cookie"])
def test_headers_that_do_not_arrive(call, name):
    """The engine removes them, so a flow that relies on them fails the play."""
    with pytest.raises(FlowError, match=f"the header {name}"):
        call(headers={name: "x"})


@pytest.mark.parametrize(
    ("authentication", "value"),
    [
        ({"type": "Raw", "value": "Bearer x"}, "Bearer x"),
        ({"type": "Basic", "username": "a", "password": "b"}, "Basic YTpi"),
        ({"type": "ManagedServiceIdentity", "audience": "https://a"}, "Bearer for https://a"),
    ],
)
def test_authentication(host, call, authentication, value):
    """It becomes the header Authorization."""
    host.answer(200)
    call(authentication=authentication, options={"identity": lambda audience: f"for {audience}"})
    assert host.requests[0][2]["Authorization"] == value


def test_unknown_inputs(call):
    """They fail the play."""
    with pytest.raises(FlowError, match="Call: unknown inputs: url"):
        call(url="x")

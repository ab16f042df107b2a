"""Requests that no client should send, and some that clients do: each gets a response, and the pool continues."""

import contextlib
import http.client
import json
import socket
from urllib.parse import urlsplit

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

IDENTIFIER = "odd-requests"
VERSIONS = (
    "2024-02-02-preview",
    "2024-08-02-preview",
    "2024-10-02-preview",
    "2025-02-02-preview",
    "2025-10-02-preview",
)
INVALID = "SessionRequestValidationFailed"
LONGEST_ANSWER_SECONDS = 10

# The same examples every time, and none kept from run to run.
repeatable = settings(
    derandomize=True, max_examples=300, deadline=None, suppress_health_check=list(HealthCheck), print_blob=False
)


class Target:
    """The pool as a socket sees it."""

    def __init__(self, emulator):
        self.url = urlsplit(emulator.pool.endpoint)
        self.token = emulator.authority.issue()[0].encode()

    def send(self, method, target, headers, body, *, length=None):
        """The response's status, headers and content; None if it announced a longer body and got none."""
        lines = [method + b" " + target + b" HTTP/1.1", b"Host: localhost"]
        if not any(name.lower() == b"authorization" for name, _ in headers):
            lines.append(b"Authorization: Bearer " + self.token)
        lines += [name + b": " + value for name, value in headers]
        lines.append(b"Content-Length: %d" % (len(body) if length is None else length))
        with socket.create_connection(("127.0.0.1", self.url.port), timeout=LONGEST_ANSWER_SECONDS) as connection:
            with contextlib.suppress(ConnectionError):  # the server may close before it has read a refused body
                connection.sendall(b"\r\n".join(lines) + b"\r\n\r\n" + body)
            is_waiting = length is not None and length > len(body)
            if is_waiting:
                connection.settimeout(0.05)
            response = http.client.HTTPResponse(connection, method=method.decode("latin-1"))
            try:
                response.begin()
                content = response.read()
            except TimeoutError:
                if is_waiting:
                    return None
                raise
            return response.status, response.headers, content

    def check(self, method, target, headers=(), body=b"", *, length=None):
        """Fails if there is no response, or an internal server error."""
        answer = self.send(method, target, list(headers), body, length=length)
        assert answer is None or 200 <= answer[0] < 500, answer
        return answer

    def address(self, path, query):
        return self.url.path.encode() + b"/" + path + (b"?" + query if query is not None else b"")

    def query(self, version):
        return f"identifier={IDENTIFIER}&api-version={version}".encode()


@pytest.fixture(scope="session")
def target(emulator):
    return Target(emulator)


@pytest.fixture(autouse=True)
def still_answers(wire_to):
    """The pool still answers after each test."""
    yield
    assert wire_to(IDENTIFIER).value("1 + 1") == 2


RARELY = st.sampled_from([True, *([False] * 9)])

words = st.sampled_from(
    [
        *(b"executions", b"files", b"content", b"code", b"execute", b"upload", b"python", b"uploadFile"),
        *(b"downloadFile", b"session", b"listSessions", b"metadata", b".management", b"stopSession", b"mine", b"a.csv"),
    ]
)
odd_segments = st.sampled_from(
    [
        *(b"", b".", b"..", b"%2e%2e", b"%2F", b"%2Fmnt%2Fdata%2Fx", b"%5C", b"%00", b"%0A", b"%", b"%zz", b"%C3%A9"),
        *(b"%FF", b"%ED%A0%80", b"\xc3\xa9", b"\xff", b"*", b"a;b", b"a=b", b"x" * 300, b"%C3%A9" * 300, b"y" * 9000),
        *(b"d/" * 500, b"mnt/data", b"sessionPools", b"%F0%9F%98%80", b"~", b"{id}", b"|", b"$id", b"a b", b'"'),
    ]
)
segments = st.lists(words | words | odd_segments | st.binary(max_size=6), max_size=5).map(b"/".join)
methods = st.sampled_from(
    [*([b"GET", b"POST", b"DELETE"] * 4), b"PUT", b"HEAD", b"OPTIONS", b"PATCH", b"TRACE", b"CONNECT", b"get", b"X-Y"]
)
versions = st.sampled_from([version.encode() for version in VERSIONS])
values = st.sampled_from(
    [
        *(b"", b"1", b"-1", b"9" * 40, b"true", b"TRUE", b"nan", b"abcd", b"a" * 128, b"a" * 129, b"%00", b"%FF%FE"),
        *(
            b"%C3%A9",
            b"%ED%A0%80",
            b"in/deep",
            b"/mnt/data",
            b"/mnt/data/",
            b"..",
            b"../..",
            b"%2e%2e/x",
            b"//",
            b"a.b",
        ),
        *(
            b"in%2Fdeep",
            b"/etc",
            b"%5C",
            b"a%0d%0aX:y",
            b"+",
            b"%2B%26%3D",
            b"d/" * 800,
            b"x" * 5000,
            b"\xc3\xa9",
            b"[",
        ),
    ]
)
names = st.sampled_from(
    [b"identifier", b"Identifier", b"api-version", b"path", b"PATH", b"recursive", b"skip", b"filename", b"", b"%C3%A9"]
)
pairs = st.lists(st.tuples(names, values).map(b"=".join) | values, max_size=4)


@st.composite
def queries(draw):
    """Mostly one with a session and a version, and further parameters."""
    right = [b"identifier=" + IDENTIFIER.encode(), b"api-version=" + draw(versions)]
    return b"&".join(draw(pairs) + draw(st.sampled_from([right, right, right[1:], right[:1], []])) + draw(pairs))


header_values = {
    b"Content-Type": [
        *(b"", b"application/json", b"application/json; charset=utf-16", b"text/plain", b"multipart/form-data"),
        *(b"multipart/form-data; boundary=", b"multipart/form-data; boundary=x", b"multipart/form-data;boundary=\xff"),
        *(b"multipart/form-data; charset=nonsense; boundary=x", b"multipart/form-data; boundary=" + b"b" * 5000),
        *(b'multipart/form-data; boundary="x', b"multipart/mixed; boundary=x", b"MULTIPART/FORM-DATA; BOUNDARY=x"),
        *(b"multipart/form-data; charset=utf-16; boundary=x", b"multipart/form-data; charset=hex; boundary=x"),
        *(b"multipart/form-datax; boundary=x", b";;;=", b"application/x-www-form-urlencoded"),
    ],
    b"Accept-Encoding": [
        *(b"", b"gzip", b"gzip;q=0", b"gzip;q=", b"gzip;q=x, *;q=0", b"*", b",,,", b"br;;;", b"\xff", b"x" * 3000),
    ],
    b"operation-id": [
        *(b"", b"a b", b"a/b", b"..", b".", b"\xc3\xa9", b"\xff", b"?#&%41%", b'"', b"x" * 9000, b"a\tb", b"{}"),
    ],
    b"Authorization": [b"", b"Bearer", b"Bearer \xff", b"Bearer " + b"." * 3000, b"Basic x"],
    b"Transfer-Encoding": [b"identity", b"gzip"],
    b"Expect": [b"100-continue", b"200-maybe"],
    b"Connection": [b"close", b"upgrade", b"keep-alive, x"],
    b"Range": [b"bytes=0-0", b"bytes=9-", b"x"],
    b"X-Odd": [b"\xff\xfe", b"x" * 9000, b"a\rb", b"\x00"],
}
header = st.sampled_from(sorted(header_values)).flatmap(
    lambda name: st.tuples(st.just(name), st.sampled_from(header_values[name]))
)
operation_id = st.sampled_from([(b"operation-id", value) for value in header_values[b"operation-id"]])
headers = st.lists(header, max_size=3, unique_by=lambda pair: pair[0])

WRAPPED, FLAT, LEGACY = VERSIONS[:2], VERSIONS[2:], VERSIONS[:2]
ROUTES = [
    (WRAPPED, b"POST", b"code/execute"),
    (WRAPPED, b"POST", b"files/upload"),
    (WRAPPED, b"GET", b"files"),
    (WRAPPED, b"GET", b"files/content/{name}"),
    (WRAPPED, b"GET", b"files/{name}"),
    (WRAPPED, b"DELETE", b"files/{name}"),
    (LEGACY, b"POST", b"python/execute"),
    (LEGACY, b"POST", b"python/uploadFile"),
    (LEGACY, b"GET", b"python/files"),
    (LEGACY, b"GET", b"python/downloadFile"),
    (FLAT, b"POST", b"executions"),
    (FLAT, b"GET", b"executions/{name}"),
    (FLAT, b"POST", b"files"),
    (FLAT, b"GET", b"files"),
    (FLAT, b"GET", b"files/{name}"),
    (FLAT, b"GET", b"files/{name}/content"),
    (FLAT, b"DELETE", b"files/{name}"),
    (FLAT, b"GET", b"session"),
    (FLAT, b"GET", b"listSessions"),
    (FLAT, b"GET", b"metadata"),
]
CODE_ROUTES = [route for route in ROUTES if route[2].endswith((b"execute", b"executions"))]
UPLOAD_ROUTES = [route for route in ROUTES if route[1] == b"POST" and route not in CODE_ROUTES]


@st.composite
def right_calls(draw, routes=ROUTES):
    """The version, method and path of an existing route; a name in it is arbitrary."""
    of_versions, method, path = draw(st.sampled_from(routes))
    name = draw(words | odd_segments) if b"{name}" in path else b""
    return draw(st.sampled_from(of_versions)), method, path.replace(b"{name}", name)


atoms = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats()
    | st.sampled_from(
        ["", "\0", "é", "\ud800", "x" * 10_000, IDENTIFIER, "Inline", "InlineBase64", "MQ==", "Synchronous"]
    )
)
json_values = st.recursive(
    atoms,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["", "code", "$id", "é"]), inner, max_size=3)
    ),
    max_leaves=6,
)
codes = st.sampled_from(
    [
        *(
            "1",
            "1/0",
            "",
            "\0",
            "'\ud800'",
            "MQ==",
            "print('\\ud800'); {1: 2}",
            "print('x' * 9999)",
            "'\\0'",
            "9 ** 999",
        ),
        *(
            "float('inf')",
            "raise BaseException('\\ud800')",
            "class A:\n def __repr__(self): 1/0\nA()",
            "(",
            "%magic",
            "9" * 5000,
        ),
    ]
)
odd_members = st.dictionaries(
    st.sampled_from(
        [
            *("code", "pythonCode", "codeInputType", "executionType", "timeoutInSeconds", "outputStreamsMaxLength"),
            *("useEmptyKernel", "returnJupyterFormatExecutionResult", "shellCommand", "identifier", "stdin", "é"),
        ]
    ),
    json_values,
    max_size=2,
)


@st.composite
def json_bodies(draw, path=b"executions"):
    """Mostly one that runs, with members that may be of any type."""
    member = "pythonCode" if path == b"python/execute" else "code"
    body = {member: draw(codes), **draw(odd_members)}
    if path != b"executions":
        body = {"properties": body}
    return json.dumps(draw(json_values) if draw(RARELY) else body).encode()


dispositions = st.sampled_from(
    [
        *([b'; filename="a.csv"'] * 5),
        *(b"; filename=a.csv", b'; filename=""', b"; filename=", b"; filename", b"", b";;;", b'; filename="'),
        *(b'; filename="a\xc3\xa9"', b'; filename="\xff"', b'; filename="a\\"b"', b'; filename="C:\\x\\y.csv"'),
        *(b"; filename*=UTF-8''%C3%A9", b"; filename*=UTF-8''%FF", b"; filename*=UTF-8''%00", b"; filename*=''x"),
        *(b"; filename*0=a; filename*1=b", b"; filename*=UTF-8''..%2Fx", b"; filename*=", b"; filename*=UTF-8''%22%5C"),
        *(b'; filename="/mnt/data/"', b'; filename="../x"', b'; filename="in/deep/a.csv"', b'; filename="a\x00b"'),
        *(
            b'; filename="' + b"x" * 5000 + b'"',
            b'; filename="' + b"d/" * 500 + b'x"',
            b'; filename="' + b"\xc3\xa9" * 200 + b'"',
        ),
    ]
)
part_names = st.sampled_from(
    [*([b'; name="file"'] * 9), b"; name=file", b'; name="other"', b"", b'; name="\xff"', b'; name="']
)
part_kinds = st.sampled_from([*([b"form-data"] * 9), b"attachment", b"", b"\xff"])
header_names = st.sampled_from(
    [*([b"Content-Disposition: "] * 9), b"content-disposition:", b"X: ", b"", b"Content-Disposition"]
)
header_ends = st.sampled_from(
    [*([b"\r\n\r\n"] * 9), b"\r\nContent-Type: \xff\r\n\r\n", b"\n\n", b"\r\n" + b"X: y\r\n" * 99 + b"\r\n"]
)


@st.composite
def multipart_bodies(draw):
    """With the boundary x, which may be missing at the end; mostly one part."""
    body = draw(st.sampled_from([*([b""] * 9), b"\r\n", b"preamble"]))
    for _ in range(draw(st.sampled_from([*([1] * 9), 0, 2, 3]))):
        disposition = draw(part_kinds) + draw(part_names) + draw(dispositions)
        if draw(RARELY):
            disposition += draw(dispositions)
        body += (
            b"--x\r\n" + draw(header_names) + disposition + draw(header_ends) + draw(st.binary(max_size=10)) + b"\r\n"
        )
    return body + draw(st.sampled_from([*([b"--x--\r\n"] * 9), b"--x--", b"--x", b""]))


bodies = (
    json_bodies()
    | multipart_bodies()
    | st.binary(max_size=50)
    | st.sampled_from([b"", b"[" * 20_000, b"\xef\xbb\xbf{}", b'{"code": "1"}\0', b'{"code": NaN}', b"9" * 9000])
)


@repeatable
@given(method=methods, path=segments, query=queries(), headers=headers, body=bodies)
def test_any_request_is_answered(target, method, path, query, headers, body):
    """Methods, paths, queries, headers and bodies of any kind: a response in time, and never a 5xx."""
    target.check(method, target.address(path, query), headers, body)


@repeatable
@given(call=right_calls(), more=pairs, headers=headers, body=bodies)
def test_odd_calls_to_right_routes(target, call, more, headers, body):
    """The same with a valid route, version and session; the rest is arbitrary."""
    version, method, path = call
    query = b"&".join([target.query(version), *more])
    target.check(method, target.address(path, query), headers, body if method == b"POST" else b"")


@repeatable
@given(
    path=st.binary(max_size=20)
    | st.tuples(st.sampled_from([b"/", b"//", b"/faults", b"http:", b"*"]), segments).map(b"".join),
    query=queries(),
)
def test_any_path_is_answered(target, path, query):
    """Also one that does not refer to a pool, and text that is not a URL."""
    target.check(b"GET", path + b"?" + query)


@repeatable
@given(data=st.data(), call=right_calls(CODE_ROUTES), headers=st.lists(operation_id, max_size=1))
def test_any_json_is_answered(target, data, call, headers):
    """Members of any type at any depth: an execution, or a refusal that states why in JSON."""
    version, method, path = call
    body = data.draw(json_bodies(path))
    status, answered, content = target.check(method, target.address(path, target.query(version)), headers, body)
    assert status in (200, 202, 400)
    assert "json" in answered["content-type"]
    assert isinstance(json.loads(content), dict)


@repeatable
@given(
    call=right_calls(UPLOAD_ROUTES),
    kind=st.sampled_from([b"multipart/form-data; boundary=x"] * 30 + header_values[b"Content-Type"]),
    folder=st.sampled_from([b"", b"", b"&path=in/deep", b"&path=%00", b"&path=" + b"d/" * 300]),
    body=multipart_bodies(),
)
def test_any_upload_is_answered(target, call, kind, folder, body):
    """Parts, names and boundaries of any kind: a stored file, or a refusal that states why in JSON."""
    version, method, path = call
    address = target.address(path, target.query(version) + folder)
    status, answered, content = target.check(method, address, [(b"Content-Type", kind)], body)
    assert status in (200, 400)
    assert "json" in answered["content-type"]
    assert isinstance(json.loads(content), dict)


@settings(repeatable, max_examples=60)
@given(
    call=right_calls([route for route in ROUTES if route[1] == b"POST" or route[2] == b"files"]),
    body=json_bodies() | multipart_bodies(),
    difference=st.sampled_from([-5, -1, 1, 1000, 10**9, 10**19, 10**30]),
)
def test_bodies_with_a_wrong_content_length(target, call, body, difference):
    """A short body is waited for without harm, and surplus bytes are not run as a second request."""
    version, method, path = call
    kind = [(b"Content-Type", b"multipart/form-data; boundary=x")] if b"execut" not in path else []
    length = max(0, len(body) + difference)
    target.check(method, target.address(path, target.query(version)), kind, body, length=length)


def upload(wire, disposition, content=b"content"):
    """One part with that header."""
    body = b"--x\r\nContent-Disposition: form-data; name=file" + disposition + b"\r\n\r\n" + content + b"\r\n--x--\r\n"
    return wire.call("POST", "files", data=body, headers={"Content-Type": "multipart/form-data; boundary=x"})


@pytest.mark.parametrize(
    ("disposition", "name"),
    [
        (b"; filename*=UTF-8''%C3%A9t%C3%A9.csv", "été.csv"),
        (b"; filename*=utf-8'fr'%C3%A9t%C3%A9.csv", "été.csv"),
        (b"; filename=\"=?utf-8?B?w6l0w6kuY3N2?=\"; filename*=utf-8''%C3%A9t%C3%A9.csv", "été.csv"),
        (b"; filename*=utf-8''%C3%A9t%C3%A9.csv; filename=\"=?utf-8?B?w6l0w6kuY3N2?=\"", "été.csv"),
        (b"; filename=plain.csv; filename*=utf-8''a%20b%3B.csv", "a b;.csv"),
        (b"; filename*=utf-8''%2Fmnt%2Fdata%2Fx.csv", "x.csv"),
        (b"; FileName*=UTF-8''x.csv", "x.csv"),
        (b"; filename=x", "x"),
        (b"; filename=x.csv", "x.csv"),
        (b'; filename="\xc3\xa9t\xc3\xa9.csv"', "été.csv"),
        (b'; filename="a;b=c.csv"', "a;b=c.csv"),
        (b'; filename="C:\\in\\x.csv"', "x.csv"),
        (b"; filename=plain.csv; filename*=latin-9''x.csv", "plain.csv"),
    ],
)
def test_how_clients_write_names(wire, disposition, name):
    """Quoted or not, raw UTF-8, or percent-encoded in filename*, which wins; the content is untouched."""
    response = upload(wire, disposition, b"a;b\r\n--x-\0\xff")
    assert (response.status_code, response.json()["name"]) == (200, name)
    assert [item["name"] for item in wire.call("GET", "files").json()["value"]] == [name]
    assert wire.call("GET", f"files/{name}/content").content == b"a;b\r\n--x-\0\xff"


@pytest.mark.parametrize(
    ("disposition", "code"),
    [
        (b'; filename="a\\"b.csv"', "FileNameInvalid"),
        (b'; filename="a\\\\b.csv"', "FileNameInvalid"),
        (b'; filename="=?utf-8?B?w6l0w6kuY3N2?="', "FileNameInvalid"),
        (b"; filename*=utf-8''a%22b", "FileNameInvalid"),
        (b"; filename*=utf-8''a%5C", "FileNameInvalid"),
        (b"; filename*=utf-8''%22%3B%20filename=%22x", "FileNameInvalid"),
        (b"; filename*=utf-8''a%0Ab", "FileNameInvalid"),
        (b"; filename*=utf-8''a%00b", "FileNameInvalid"),
        (b"; filename*=utf-8''..", "FileNameInvalid"),
        (b"; filename*=utf-8''..%2Fx", "FilePathInvalid"),
        (b'; filename="../x"', "FilePathInvalid"),
        (b'; filename=""', INVALID),
        (b"; filename*=", INVALID),
        (b"", INVALID),
    ],
)
def test_names_that_are_refused(wire, disposition, code):
    """400 with the service's code, however the name was written; nothing is stored."""
    response = upload(wire, disposition)
    assert (response.status_code, response.json()["error"]["code"]) == (400, code)
    assert wire.call("GET", "files").json() == {"value": []}


def test_a_second_request_after_a_body(target, wire):
    """Bytes after the announced length are another request, which is answered separately."""
    query = f"identifier={wire.identifier}&api-version={VERSIONS[-1]}"
    path = f"{target.url.path}/executions?{query}"
    first = b'{"code": "x = 1"}'
    with socket.create_connection(("127.0.0.1", target.url.port), timeout=LONGEST_ANSWER_SECONDS) as connection:
        head = f"Host: localhost\r\nAuthorization: Bearer {wire.token}\r\n"
        connection.sendall(
            f"POST {path} HTTP/1.1\r\n{head}Content-Length: {len(first)}\r\n\r\n".encode()
            + first
            + f"GET {path} HTTP/1.1\r\n{head}Connection: close\r\n\r\n".encode()
        )
        received = b""
        while chunk := connection.recv(65536):
            received += chunk
    assert received.startswith(b"HTTP/1.1 200 ")
    assert received.count(b"HTTP/1.1 400 ") == 1
    assert wire.value("x") == 1


def test_a_body_in_chunks(wire):
    """Content-Length is not required."""

    def pieces():
        yield b'{"code"'
        yield b': "6 * 7"}'

    response = wire.call("POST", "executions", data=pieces())
    assert response.json()["result"]["executionResult"] == 42


@pytest.mark.parametrize("version", ["HTTP/1.0", "HTTP/1.1", "HTTP/9", "RTSP/1.0"])
def test_versions_of_http(target, wire, version):
    """The two supported ones get a response, others a 400."""
    with socket.create_connection(("127.0.0.1", target.url.port), timeout=LONGEST_ANSWER_SECONDS) as connection:
        connection.sendall(
            f"GET {target.url.path}/files?identifier={wire.identifier}&api-version={VERSIONS[-1]} {version}\r\n"
            f"Host: localhost\r\nAuthorization: Bearer {wire.token}\r\nConnection: close\r\n\r\n".encode()
        )
        received = b""
        while chunk := connection.recv(65536):
            received += chunk
    status = received.split(b" ", 2)[1]
    assert status == (b"200" if version in ("HTTP/1.0", "HTTP/1.1") else b"400")
    assert (b"transfer-encoding: chunked" in received.lower()) == (version == "HTTP/1.1")

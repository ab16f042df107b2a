"""The wire of api-version 2025-10-02-preview: routes, bodies, files and errors."""

import base64
import importlib.metadata
import io
import re
import socket
import threading
from urllib.parse import quote, urlsplit

import pytest
import requests

from emulator.session_pool.engines.shared import data_rules

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}Z")


def failed(response, status: int, code: str) -> None:
    assert response.status_code == status, response.text
    error = response.json()["error"]
    assert error["code"] == code == response.headers["x-ms-error-code"]
    assert error["message"] and error["traceId"]


def test_an_execution_has_the_services_shape(wire):
    """Members in order, the caller's casing, integer milliseconds."""
    response = wire.call("POST", "executions", json={"code": "1", "executionType": "synchronous"})
    body = response.json()
    assert list(body) == ["id", "identifier", "executionType", "status", "result"]
    assert (body["identifier"], body["executionType"], body["status"]) == (wire.identifier, "synchronous", "Succeeded")
    assert list(body["result"]) == ["stdout", "stderr", "executionResult", "executionTimeInMilliseconds"]
    assert isinstance(body["result"]["executionTimeInMilliseconds"], int)
    assert response.headers["content-type"] == "application/json; charset=utf-8"
    assert b'": ' not in response.content


def test_an_execution_can_be_read_by_the_chosen_id(wire):
    """operation-id names the execution."""
    wire.call("POST", "executions", json={"code": "7"}, headers={"operation-id": "mine"})
    assert wire.call("GET", "executions/mine").json()["result"]["executionResult"] == 7
    failed(wire.call("GET", "executions/unknown"), 404, "ExecutionNotFound")


def test_base64_code(wire):
    """codeInputType states how the code is written."""
    code = base64.b64encode(b"'\xc3\xa9'").decode()
    assert wire.run(code, codeInputType="InlineBase64")["result"]["executionResult"] == "é"
    failed(wire.call("POST", "executions", json={"code": "é", "codeInputType": "InlineBase64"}), 400, INVALID)


INVALID = "SessionRequestValidationFailed"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"properties": {"code": "1"}}, "SessionPropertiesMissing"),
        ({}, "SessionPropertiesMissing"),
        ({"code": 5}, "SessionPropertiesMissing"),
        ({"code": "1", "timeoutInSeconds": 0}, INVALID),
        ({"code": "1", "timeoutInSeconds": "5"}, INVALID),
        ({"code": "1", "timeoutInSeconds": True}, INVALID),
        ({"code": "1", "outputStreamsMaxLength": -1}, INVALID),
        ({"code": "1", "codeInputType": "Odd"}, INVALID),
        ({"code": "1", "executionType": "Odd"}, INVALID),
        ({"code": "1", "useEmptyKernel": "yes"}, INVALID),
        ({"shellCommand": "ls"}, "SessionPropertiesMissing"),
    ],
)
def test_bodies_that_the_service_refuses(wire, body, code):
    """400 with the service's code, a wrapped body among them."""
    failed(wire.call("POST", "executions", json=body), 400, code)


@pytest.mark.parametrize("identifier", ["abc", "a" * 129, "a b c d", "äöüß", ""])
def test_identifiers_that_the_service_refuses(wire_to, identifier):
    """4 to 128 of its characters."""
    failed(wire_to(identifier).call("GET", "files"), 400, INVALID)


def test_unknown_routes(wire):
    """400, like the service for a route or verb that a version does not have."""
    for method, path in (("GET", "code/execute"), ("PUT", "files/x"), ("POST", "session"), ("GET", "")):
        failed(wire.call(method, path), 400, "SessionRequestNotSupported")


def test_files_make_the_round_trip(wire):
    """Upload, list, metadata, content and delete, with the service's members."""
    uploaded = wire.call("POST", "files", files={"file": ("a.csv", b"1,2")}).json()
    assert TIME.fullmatch(uploaded.pop("lastModifiedAt"))
    described = {"name": "a.csv", "type": "file", "contentType": "text/csv; charset=utf-8", "sizeInBytes": 3}
    assert uploaded == {**described, "directory": "."}
    (listed,) = wire.call("GET", "files", params={"path": ""}).json()["value"]
    assert listed.items() >= described.items()
    assert list(wire.call("GET", "files/a.csv").json()) == ["name", "sizeInBytes", "lastModifiedAt"]
    content = wire.call("GET", "files/a.csv/content")
    assert (content.content, content.headers["content-type"]) == (b"1,2", "application/octet-stream")
    assert content.headers["content-length"] == "3"
    deleted = wire.call("DELETE", "files/a.csv")
    assert (deleted.status_code, deleted.content) == (204, b"")
    assert wire.call("GET", "files").json() == {"value": []}


def test_folders(wire):
    """`path` names one, in either form; `recursive` goes below, with `directory` relative to where it began."""
    wire.call("POST", "files", params={"path": "in/deep"}, files={"file": ("x.txt", b"x")})
    assert wire.value("open('/mnt/data/in/deep/x.txt').read()") == "x"
    for path in ("in/deep", "/mnt/data/in/deep/", "/in/deep"):
        assert wire.call("GET", "files/x.txt/content", params={"path": path}).content == b"x"
    found = wire.call("GET", "files", params={"recursive": "true"}).json()["value"]
    assert [(item["directory"], item["name"], item["type"]) for item in found] == [
        (".", "in", "directory"),
        ("in", "deep", "directory"),
        ("in/deep", "x.txt", "file"),
    ]
    assert wire.call("GET", "files", params={"path": "nowhere"}).json() == {"value": []}


@pytest.mark.parametrize("name", ["/mnt/data/x y.csv", "x y.csv", "/x y.csv"])
def test_names_with_paths(wire, name):
    """The last step is the name."""
    assert wire.call("POST", "files", files={"file": (name, b"x")}).json()["name"] == "x y.csv"


def test_names_that_the_service_refuses(wire):
    """Those of files and of folders have separate error codes."""
    failed(wire.call("POST", "files", files={"file": ("a*b", b"x")}), 400, "FileNameInvalid")
    failed(wire.call("GET", "files/a%5Cb/content"), 400, "FileNameInvalid")
    failed(wire.call("GET", "files/%2E%2E%00/content"), 400, "FileNameInvalid")
    for folder in ("a.b", "../x", "a/../../etc", "a*"):
        failed(wire.call("GET", "files", params={"path": folder}), 400, "FilePathInvalid")


def test_a_file_that_does_not_exist(wire):
    """404; a deletion has a separate error code."""
    failed(wire.call("GET", "files/no"), 404, "FileNotFound")
    failed(wire.call("GET", "files/no/content"), 404, "FileNotFound")
    failed(wire.call("DELETE", "files/no"), 404, "DeleteFileError")


def test_an_upload_needs_a_file(wire):
    """Another body, or one without a part named file, is refused."""
    failed(wire.call("POST", "files", data=b"x"), 400, INVALID)
    failed(wire.call("POST", "files", files={"other": ("a", b"x")}), 400, INVALID)
    failed(
        wire.call("POST", "files", data=b"x", headers={"Content-Type": "multipart/form-data; boundary=y"}), 400, INVALID
    )


class Zeros(io.RawIOBase):
    """A file of that many bytes, without holding them in memory."""

    def __init__(self, size: int) -> None:
        self.left = size

    def read(self, size: int = -1) -> bytes:
        chunk = bytes(min(self.left, size if size > 0 else 1 << 20))
        self.left -= len(chunk)
        return chunk


def test_uploads_may_have_128_mb_and_no_more(wire):
    """And a file that is too large leaves the one of that name as it was."""
    head = b'--x\r\nContent-Disposition: form-data; name="file"; filename="big"\r\n\r\n'
    tail = b"\r\n--x--\r\n"

    def upload(size: int) -> requests.Response:
        def body():
            yield head
            zeros = Zeros(size)
            while chunk := zeros.read(1 << 20):
                yield chunk
            yield tail

        return wire.call("POST", "files", data=body(), headers={"Content-Type": "multipart/form-data; boundary=x"})

    assert upload(data_rules.MAX_UPLOAD_BYTES).json()["sizeInBytes"] == 134_217_728
    failed(upload(data_rules.MAX_UPLOAD_BYTES + 1), 413, "FileTooLarge")
    (kept,) = wire.call("GET", "files").json()["value"]
    assert (kept["name"], kept["sizeInBytes"]) == ("big", 134_217_728)


def test_links_and_pipes_lead_nowhere(wire):
    """Links and pipes in the folder neither lead the server to its own files, nor make it wait."""
    wire.run(
        "import os\nos.chdir('/mnt/data')\nos.symlink('/etc/passwd', 'link')\nos.symlink('/etc', 'folder')\n"
        "os.mkfifo('pipe')\nos.mkdir('real')\nos.symlink('/', 'real/up')"
    )
    for name in ("link", "pipe", "folder"):
        failed(wire.call("GET", f"files/{name}/content"), 404, "FileNotFound")
        failed(wire.call("GET", f"files/{name}"), 404, "FileNotFound")
    failed(wire.call("GET", "files/passwd/content", params={"path": "folder"}), 404, "FileNotFound")
    assert wire.call("GET", "files", params={"path": "folder"}).json() == {"value": []}
    found = wire.call("GET", "files", params={"recursive": "true"}).json()["value"]
    assert [item["name"] for item in found] == ["real"]
    assert wire.call("POST", "files", files={"file": ("link", b"x")}).status_code == 200
    assert wire.value("os.path.islink('link'), open('link').read()") == "(False, 'x')"
    assert wire.call("POST", "files", params={"path": "folder"}, files={"file": ("x", b"x")}).status_code in (400, 404)
    assert wire.call("DELETE", "files/folder").status_code == 204
    assert wire.value("os.path.lexists('folder')") is False


def test_files_belong_to_the_code_that_finds_them(wire):
    """Code can change and delete what was uploaded, and the other way round."""
    wire.call("POST", "files", files={"file": ("a", b"x")})
    assert wire.value("import os\nopen('/mnt/data/a', 'a').write('y')\nos.remove('/mnt/data/a')\n1") == 1
    wire.run("open('/mnt/data/b', 'w').close(); os.chmod('/mnt/data/b', 0)")
    assert wire.call("DELETE", "files/b").status_code == 204


def test_a_session_has_times_and_can_be_ended(wire):
    """A look-up does not create one; ending it deletes everything in it."""
    failed(wire.call("GET", "session"), 404, "NoSessionFoundError")
    wire.run("x = 1")
    session = wire.call("GET", "session").json()
    assert all(TIME.fullmatch(session[name]) for name in ("createdAt", "lastAccessedAt", "expireAt"))
    assert wire.call("DELETE", "session").status_code == 204
    failed(wire.call("DELETE", "session"), 404, "NoSessionFoundError")
    assert wire.value("'x' in globals()") is False


def test_the_metadata_lists_what_is_installed(wire):
    """The versions are those that code sees, and no session is created for it."""
    metadata = wire.call("GET", "metadata").json()
    packages = {package["name"]: package["version"] for package in metadata["preInstalledPackages"]}
    failed(wire.call("GET", "session"), 404, "NoSessionFoundError")
    assert wire.value("import pandas, sys\npandas.__version__, sys.version.split()[0]") == str(
        (packages["pandas"], metadata["runtimes"][0]["version"])
    )
    assert metadata["jupyterKernel"]["version"] == importlib.metadata.version("ipykernel")


@pytest.mark.parametrize(
    "name", ["a b.csv", "été 数据.csv", "50%25.csv", "a#b&c=d;e,f.csv", "(1) $@^.csv", "plus.csv "]
)
def test_names_are_percent_encoded(wire, name):
    """Every allowed name works in a path, and code finds the file under the same name."""
    assert wire.call("POST", "files", files={"file": (name, b"x")}).json()["name"] == name
    path = f"files/{quote(name, safe='')}"
    assert wire.call("GET", path).json()["name"] == name
    assert wire.call("GET", f"{path}/content").content == b"x"
    assert wire.value("import os; os.listdir('/mnt/data')[0]") == name
    assert wire.call("DELETE", path).status_code == 204


def test_names_that_only_code_can_create_are_listed(wire):
    """Also names that are not valid Unicode, or that the file routes themselves would refuse."""
    wire.run("for name in (b'a\\xff', b'a*b'): open(b'/mnt/data/' + name, 'w').close()")
    assert [item["name"] for item in wire.call("GET", "files").json()["value"]] == ["a*b", "a\ufffd"]


def test_times_outside_the_calendar(wire):
    """Code may set any times; the files are listed nevertheless."""
    wire.run(
        "import os\nfor name, at in (('past', -1e12), ('future', 1e15)):\n"
        "  open(f'/mnt/data/{name}', 'w').close(); os.utime(f'/mnt/data/{name}', (at, at))"
    )
    found = {item["name"]: item["lastModifiedAt"] for item in wire.call("GET", "files").json()["value"]}
    assert found["future"].startswith("9999-")
    assert all(TIME.fullmatch(at) for at in found.values()), found
    assert wire.call("GET", "files/past").status_code == 200


def test_files_that_code_replaced(wire):
    """An upload onto a folder, below a file, or into a closed folder is a 400; a folder has no content."""
    wire.run("import os\nos.mkdir('/mnt/data/folder'); open('/mnt/data/file', 'w').close()")
    file = {"file": ("folder", b"x")}
    failed(wire.call("POST", "files", files=file), 400, "FileNameInvalid")
    failed(wire.call("POST", "files", params={"path": "file"}, files=file), 400, "FilePathInvalid")
    failed(wire.call("GET", "files/folder/content"), 404, "FileNotFound")
    failed(wire.call("DELETE", "files/folder"), 404, "DeleteFileError")
    wire.run("os.chmod('/mnt/data', 0)")
    failed(wire.call("POST", "files", files={"file": ("x", b"x")}), 400, "FilePathInvalid")
    failed(wire.call("GET", "files/file/content"), 404, "FileNotFound")
    assert wire.call("GET", "files").status_code == 200


def test_endlessly_nested_folders_are_listed_to_a_depth(wire):
    """A thousand nested folders neither break the list nor exhaust the server's descriptors."""
    wire.run("import os\nos.chdir('/mnt/data')\nfor _ in range(2000): os.mkdir('d'); os.chdir('d')")
    found = wire.call("GET", "files", params={"recursive": "true"}).json()["value"]
    assert len(found) == 51


def test_a_file_that_shrinks_while_it_is_sent(wire):
    """The connection is aborted, so that a client cannot mistake the part for the file; the server continues."""
    wire.run("open('/mnt/data/long', 'wb').truncate(100 << 20)")
    with pytest.raises(requests.exceptions.RequestException):
        with wire.call("GET", "files/long/content", stream=True) as response:
            assert response.headers["content-length"] == str(100 << 20)
            chunks = response.iter_content(1 << 20)
            next(chunks)
            wire.run("open('/mnt/data/long', 'wb').close()")
            for _ in chunks:
                pass
    assert wire.value("1") == 1


def test_a_body_that_is_too_long(wire):
    """413, with and without a Content-Length, before all of it has arrived."""
    long = b'{"code": "' + b"x" * (9 << 20) + b'"}'
    failed(wire.call("POST", "executions", data=long), 413, "RequestTooLarge")
    failed(wire.call("POST", "executions", data=iter([long])), 413, "RequestTooLarge")


@pytest.mark.parametrize(
    "body", [b"", b"\xff", b"[" * 100_000, b'{"code": "1"', b"null", b'"1"'], ids=lambda body: repr(body[:20])
)
def test_bodies_that_are_not_json_objects(wire, body):
    """A 400 with the text of ASP.NET, and no session is created for them."""
    response = wire.call("POST", "executions", data=body)
    assert response.status_code == 400
    assert response.headers["content-type"] == "application/problem+json; charset=utf-8"
    problem = response.json()
    assert list(problem) == ["type", "title", "status", "errors", "traceId"]
    assert problem["status"] == 400 and problem["errors"]["$"]
    failed(wire.call("GET", "session"), 404, "NoSessionFoundError")


@pytest.mark.parametrize(
    ("member", "value", "status"),
    [
        ("code", None, 400),
        ("code", ["1"], 400),
        ("codeInputType", 5, 400),
        ("codeInputType", ["inline"], 400),
        ("codeInputType", None, 200),
        ("codeInputType", "INLINETEXT", 200),
        ("executionType", ["x"], 400),
        ("executionType", "SYNCHRONOUS", 200),
        ("timeoutInSeconds", None, 200),
        ("timeoutInSeconds", 1.5, 400),
        ("timeoutInSeconds", 10**30, 400),
        ("timeoutInSeconds", 1000, 200),
        ("outputStreamsMaxLength", "9", 400),
        ("outputStreamsMaxLength", 2**31 - 1, 200),
        ("useEmptyKernel", True, 200),
        ("unknown", {"a": []}, 200),
    ],
)
def test_members_of_odd_types(wire, member, value, status):
    """Each is accepted or refused with a 400, and the server does not fail."""
    response = wire.call("POST", "executions", json={"code": "1", member: value})
    assert response.status_code == status, response.text
    if status == 200:
        assert response.json()["result"]["executionResult"] == 1


def test_code_that_is_not_unicode_is_a_failed_execution(wire):
    """Half a surrogate pair is JSON, but not Python."""
    body = wire.run("'\ud800'")
    assert body["status"] == "Failed"
    assert "surrogates not allowed" in body["result"]["stderr"]


def test_a_running_execution_has_no_result_yet(wire):
    """Under its operation-id it is Running until it ends, and NotStarted while it waits for its turn."""
    runs = [
        threading.Thread(
            target=wire.call,
            args=("POST", "executions"),
            kwargs={"json": {"code": "import time; time.sleep(0.8)"}, "headers": {"operation-id": name}},
        )
        for name in ("first", "second")
    ]
    for run, status in zip(runs, ("Running", "NotStarted"), strict=True):
        run.start()
        wire.wait_for_status("first" if status == "Running" else "second", status)
    first, second = (wire.call("GET", f"executions/{name}").json() for name in ("first", "second"))
    assert (first["status"], second["status"]) == ("Running", "NotStarted")
    assert "result" not in first and "result" not in second
    for run in runs:
        run.join()
    assert wire.call("GET", "executions/second").json()["status"] == "Succeeded"


def test_uploads_that_are_not_one_file(wire):
    """A body without its boundary, with two files, or with a file without a name is refused in the service's form."""
    for sent in (
        {"data": b"x", "headers": {"Content-Type": "multipart/form-data"}},
        {"files": [("file", ("a", b"1")), ("file", ("b", b"2"))]},
        {"files": {"file": (None, b"x")}},
        {"files": {"file": ("/", b"x")}},
    ):
        response = wire.call("POST", "files", **sent)
        assert response.status_code == 400, response.text
        assert response.json()["error"]["code"] in (INVALID, "FileNameInvalid")
    assert wire.call("GET", "files").json() == {"value": []}


def test_a_multipart_body_that_is_too_long_is_refused_at_once(wire):
    """A Content-Length above the limit of uploads is refused without waiting for the body."""
    with socket.create_connection(("127.0.0.1", int(urlsplit(wire.endpoint).port or 0)), timeout=10) as connection:
        connection.sendall(
            f"POST {urlsplit(wire.endpoint).path}/files?identifier={wire.identifier}&api-version=2025-10-02-preview "
            f"HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {wire.token}\r\n"
            f"Content-Type: multipart/form-data; boundary=x\r\nContent-Length: {1 << 30}\r\n\r\n".encode()
        )
        assert connection.recv(4096).startswith(b"HTTP/1.1 413 ")

"""Differences between the api-versions from 2024-10-02-preview on, and the headers of the front end in all of them."""

import gzip
import http.client
import re
import uuid
from urllib.parse import urlencode, urlsplit

import pytest
import requests

from emulator.session_pool.wire import family_b
from emulator.session_pool.wire.tokens import LEGACY_AUDIENCE

FIRST, SECOND, NEWEST = "2024-10-02-preview", "2025-02-02-preview", "2025-10-02-preview"
VERSIONS = (FIRST, SECOND, NEWEST)
OLD = "2024-02-02-preview"
INVALID = "SessionRequestValidationFailed"


@pytest.fixture
def call(wire):
    """Calls in a version, for a session that no other test uses."""

    def send(version, method, path, params=None, **rest):
        return wire.call(method, path, params={"api-version": version, **(params or {})}, **rest)

    return send


def failed(response, status, code):
    assert response.status_code == status, response.text
    assert response.json()["error"]["code"] == code == response.headers["x-ms-error-code"]


def fixed(text):
    """The body, with the members that vary between runs set to fixed values."""
    text = re.sub(r'"executionTimeInMilliseconds":\d+', '"executionTimeInMilliseconds":7', text)
    return re.sub(r'"lastModifiedAt":"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}Z"', '"lastModifiedAt":"T"', text)


@pytest.mark.parametrize(
    ("version", "status", "first"), [(FIRST, 202, True), (SECOND, 202, False), (NEWEST, 200, False)]
)
def test_the_response_to_an_execution(call, wire, version, status, first):
    """202 before the newest version; objects are numbered in the first one only."""
    body = {"code": "print('Hello world')", "executionType": "synchronous", "codeInputType": "inline"}
    response = call(version, "POST", "executions", json=body, headers={"operation-id": "mine"})
    assert response.status_code == status
    one, two = ('"$id":"1",', '"$id":"2",') if first else ("", "")
    assert fixed(response.text) == (
        f'{{{one}"id":"mine","identifier":"{wire.identifier}","executionType":"synchronous","status":"Succeeded",'
        f'"result":{{{two}"stdout":"Hello world\\n","stderr":"","executionResult":"",'
        f'"executionTimeInMilliseconds":7}}}}'
    )
    assert "operation-location" not in response.headers
    again = call(version, "GET", "executions/mine")
    assert (again.status_code, again.text) == (200, response.text)


@pytest.mark.parametrize(
    ("version", "status"), [(OLD, 200), ("2024-08-02-preview", 200), (FIRST, 200), (SECOND, 401), (NEWEST, 401)]
)
def test_the_private_previews_audience(wire_to, emulator, session_id, version, status):
    """Its tokens open all versions of 2024, and none later: Semantic Kernel uses them with 2024-10-02-preview."""
    wire = wire_to(session_id)
    headers = {"Authorization": f"Bearer {emulator.authority.issue(LEGACY_AUDIENCE)[0]}"}
    query = {"api-version": version, "identifier": session_id}
    assert requests.get(f"{wire.endpoint}/files", params=query, headers=headers, timeout=30).status_code == status


@pytest.mark.parametrize(("version", "has_it"), [(FIRST, False), (SECOND, True), (NEWEST, True)])
def test_the_headers_of_an_execution(call, version, has_it):
    """Whether the session is new, from the second version on; times in all versions, on executions only."""
    values = [call(version, "POST", "executions", json={"code": "1"}).headers for _ in range(2)]
    assert [headers.get("x-ms-new-allocation") for headers in values] == (["true", "false"] if has_it else [None, None])
    for headers in values:
        assert re.fullmatch(r"\d+", headers["x-ms-container-execution-duration"])
        assert re.fullmatch(r"\d+\.\d{4}", headers["x-ms-overall-execution-time"])
    assert not [name for name in call(version, "GET", "files").headers if name.startswith("x-ms-")]


@pytest.mark.parametrize("version", VERSIONS)
def test_a_failed_execution_is_not_a_failed_request(call, version):
    """The status is that of any execution; the body has the outcome."""
    good = call(version, "POST", "executions", json={"code": "1"})
    bad = call(version, "POST", "executions", json={"code": "1/0"})
    assert bad.status_code == good.status_code
    assert bad.json()["status"] == "Failed"
    assert bad.json()["result"]["executionResult"] is None


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        (FIRST, '{"$id":"1","name":"cert.txt","type":"","contentType":"","sizeInBytes":7,"lastModifiedAt":"T"}'),
        (
            SECOND,
            '{"name":"cert.txt","type":"file","contentType":"text/plain; charset=utf-8","sizeInBytes":7,'
            '"lastModifiedAt":"T"}',
        ),
        (
            NEWEST,
            '{"name":"cert.txt","type":"file","contentType":"text/plain; charset=utf-8","sizeInBytes":7,'
            '"lastModifiedAt":"T","directory":"."}',
        ),
    ],
)
def test_the_response_to_an_upload(call, version, expected):
    """One object; its types are empty in the first version, and the newest one adds the folder."""
    response = call(version, "POST", "files", files={"file": ("cert.txt", b"1234567")})
    assert (response.status_code, fixed(response.text)) == (200, expected)


@pytest.mark.parametrize("version", VERSIONS)
def test_lists_and_metadata_of_files(call, version):
    """A list has types in every version, a file's metadata in none; the newest list has the folder."""
    one, two = ('"$id":"1",', '"$id":"2",') if version == FIRST else ("", "")
    assert call(version, "GET", "files").text == f'{{{one}"value":[]}}'
    call(version, "POST", "files", files={"file": ("cert.txt", b"1234567")})
    folder = ',"directory":"."' if version == NEWEST else ""
    assert fixed(call(version, "GET", "files").text) == (
        f'{{{one}"value":[{{{two}"name":"cert.txt","type":"file","contentType":"text/plain; charset=utf-8",'
        f'"sizeInBytes":7,"lastModifiedAt":"T"{folder}}}]}}'
    )
    metadata = call(version, "GET", "files/cert.txt")
    assert fixed(metadata.text) == f'{{{one}"name":"cert.txt","sizeInBytes":7,"lastModifiedAt":"T"}}'


@pytest.mark.parametrize(("version", "names"), [(FIRST, ["in"]), (SECOND, ["in"]), (NEWEST, ["in", "x"])])
def test_recursive_lists(call, version, names):
    """Only the newest version lists subfolders; the others list the folder itself."""
    call(version, "POST", "files", {"path": "in"}, files={"file": ("x", b"1")})
    found = call(version, "GET", "files", {"recursive": "true"}).json()["value"]
    assert [item["name"] for item in found] == names
    assert (found[0]["type"], found[0]["contentType"]) == ("directory", "application/octet-stream")
    assert ["directory" in item for item in found] == [version == NEWEST] * len(found)


@pytest.mark.parametrize(
    ("version", "supported"),
    [(FIRST, FIRST), (SECOND, f"{SECOND}, {NEWEST}"), (NEWEST, f"{SECOND}, {NEWEST}"), (OLD, None)],
)
def test_the_header_with_supported_versions(call, version, supported):
    """In a header of every response, including errors; the old family does not send it."""
    route = "code/execute" if version == OLD else "executions"
    body = {"code": "1", "properties": {"code": "1"}}
    answers = [call(version, "POST", route, json=body), call(version, "GET", "files"), call(version, "GET", "no/route")]
    assert [answer.headers.get("api-supported-versions") for answer in answers] == [supported] * 3
    assert answers[2].status_code == 400


@pytest.mark.parametrize("version", ["2020-01-01", "2025-10-02", "2026-01-01-preview", "2025-10-02-PREVIEW-x", ""])
@pytest.mark.parametrize("route", ["executions", "files", "nothing/here"])
def test_unknown_versions(call, version, route):
    """401 with an empty body, on every route."""
    response = call(version, "POST", route, json={"code": "1"})
    assert (response.status_code, response.content) == (401, b"")
    assert "api-supported-versions" not in response.headers
    assert response.headers["server"] == "Microsoft-IIS/10.0"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "session"),
        ("DELETE", "session"),
        ("GET", "listSessions"),
        ("GET", "metadata"),
        ("POST", ".management/stopSession"),
    ],
)
def test_the_first_version_has_no_routes_for_sessions(call, method, path):
    """400 with a separate error code."""
    failed(call(FIRST, method, path), 400, "SessionRequestNotSupported")


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(
    ("method", "path"), [("POST", "code/execute"), ("POST", "files/upload"), ("POST", "session"), ("PUT", "files/a")]
)
def test_routes_that_no_version_has(call, version, method, path):
    """400 with a separate error code, also for the old family's routes."""
    failed(call(version, method, path, json={"properties": {"code": "1"}}), 400, "SessionRequestNotSupported")


@pytest.mark.parametrize("version", [SECOND, NEWEST])
def test_a_session_is_described_and_ended(call, wire, version):
    """A look-up does not create one; the end deletes variables and files, and a later call gets a new one."""
    for method in ("GET", "DELETE"):
        failed(call(version, method, "session"), 404, "NoSessionFoundError")
    guid = call(version, "POST", "executions", json={"code": "x = open('/mnt/data/a', 'w')"}).headers[
        "x-ms-session-guid"
    ]
    session = call(version, "GET", "session")
    assert session.status_code == 200
    assert list(session.json()) == ["identifier", "createdAt", "lastAccessedAt", "expireAt", "etag"]
    assert (session.json()["identifier"], session.json()["etag"]) == (wire.identifier, f"0--{guid}")
    ended = call(version, "DELETE", "session")
    assert (ended.status_code, ended.content, "content-type" in ended.headers) == (204, b"", False)
    again = call(version, "POST", "executions", json={"code": "import os; 'x' in globals(), os.listdir('/mnt/data')"})
    assert again.json()["result"]["executionResult"] == "(False, [])"
    assert again.headers["x-ms-session-guid"] != guid


def test_a_session_is_stopped(call, wire):
    """With a message; in the newest version only, and a missing session has a separate error code."""
    failed(call(NEWEST, "POST", ".management/stopSession"), 400, "SessionWithIdentifierNotFound")
    wire.run("1")
    failed(call(SECOND, "POST", ".management/stopSession"), 400, "SessionRequestNotSupported")
    stopped = call(NEWEST, "POST", ".management/stopSession")
    assert (stopped.status_code, stopped.text) == (200, f"Session {wire.identifier} in session pool local stopped.")
    assert stopped.headers["content-type"].partition(";")[0] == "text/plain"
    failed(call(NEWEST, "GET", "session"), 404, "NoSessionFoundError")
    failed(call(NEWEST, "GET", ".management/stopSession"), 400, "SessionRequestNotSupported")


@pytest.mark.parametrize("version", [SECOND, NEWEST])
def test_sessions_are_listed_page_by_page(start_pool, wire_to, monkeypatch, version):
    """`skip` is where a page begins, and nextLink leads to the next one; the last page has none."""
    monkeypatch.setattr(family_b, "SESSIONS_PER_PAGE", 2)
    pool = start_pool(container_type="Shell")
    names = [f"session-{number}" for number in range(5)]
    for name in names:
        wire_to(name, pool).call("GET", "files")
    wire = wire_to("any-name", pool)
    page = wire.call("GET", "listSessions", params={"api-version": version})
    found, pages = [], 0
    while True:
        pages += 1
        assert list(page.json())[0] == "sessions"
        for session in page.json()["sessions"]:
            assert list(session) == ["identifier", "createdAt", "lastAccessedAt", "expireAt", "etag"]
            found.append(session["identifier"])
        if "nextLink" not in page.json():
            break
        link = page.json()["nextLink"]
        assert link.startswith(f"{wire.endpoint}/listSessions?")
        page = requests.get(link, headers={"Authorization": f"Bearer {wire.token}"}, timeout=10)
    assert (found, pages) == (names, 3)
    rest = wire.call("GET", "listSessions", params={"api-version": version, "skip": "4"}).json()
    assert [session["identifier"] for session in rest["sessions"]] == ["session-4"]
    assert wire.call("GET", "listSessions", params={"skip": "99"}).json() == {"sessions": []}
    for skip in ("-1", "x", "1.5", "9" * 30, "²"):
        failed(wire.call("GET", "listSessions", params={"skip": skip}), 400, INVALID)


@pytest.mark.parametrize("version", [SECOND, NEWEST])
def test_the_metadata_of_the_pool(wire, version):
    """Needs no identifier; its dates have no letter for the time zone."""
    metadata = wire.call("GET", "metadata", params={"api-version": version, "identifier": ""})
    assert metadata.status_code == 200
    body = metadata.json()
    assert list(body)[:-1] == ["runtimes", "preInstalledPackages", "createdAt", "lastUpdatedAt", "jupyterKernel"]
    assert body["isolation"]["level"] == 3
    for name in ("createdAt", "lastUpdatedAt"):
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}", body[name]), body[name]
    assert all(list(item) == ["name", "version"] for item in body["runtimes"] + body["preInstalledPackages"])
    assert list(body["jupyterKernel"]) == ["name", "version", "projectUrl", "description"]


def test_a_session_is_the_same_for_all_versions(call):
    """Variables and files created with one version are visible to the others, and any of them may end it."""
    call(FIRST, "POST", "executions", json={"code": "x = 5"})
    call(SECOND, "POST", "files", files={"file": ("a", b"content")})
    old = call(OLD, "POST", "code/execute", json={"properties": {"code": "x, open('/mnt/data/a').read()"}})
    assert old.json()["properties"]["result"] == "(5, 'content')"
    assert call(OLD, "GET", "files/content/a").content == b"content"
    assert call(NEWEST, "DELETE", "session").status_code == 204
    assert call(OLD, "GET", "files").text == '{"$id":"1","value":[]}'


@pytest.mark.parametrize("version", [OLD, *VERSIONS])
def test_what_the_front_end_adds(call, version):
    """Server headers, a new id for each response, and chunked JSON that varies by Accept-Encoding."""
    answers = [call(version, "GET", "files") for _ in range(2)]
    for answer in answers:
        assert (answer.headers["server"], answer.headers["x-powered-by"]) == ("Microsoft-IIS/10.0", "ASP.NET")
        assert answer.headers["vary"] == "Accept-Encoding"
        assert answer.headers["content-type"] == "application/json; charset=utf-8"
        assert answer.headers["transfer-encoding"] == "chunked"
        assert "content-length" not in answer.headers
        assert answer.headers["date"].endswith(" GMT")
    ids = [answer.headers["mise-correlation-id"] for answer in answers]
    assert [str(uuid.UUID(value)) for value in ids] == ids
    assert ids[0] != ids[1]


def raw(wire, path, accepted):
    """The Content-Encoding, the Content-Length, and the raw bytes."""
    url = urlsplit(wire.endpoint)
    connection = http.client.HTTPConnection("127.0.0.1", url.port, timeout=10)
    query = urlencode({"identifier": wire.identifier, "api-version": NEWEST})
    connection.putrequest("GET", f"{url.path}/{path}?{query}", skip_accept_encoding=True)
    connection.putheader("Authorization", f"Bearer {wire.token}")
    if accepted is not None:
        connection.putheader("Accept-Encoding", accepted)
    connection.endheaders()
    response = connection.getresponse()
    assert response.status == 200
    answer = response.headers.get("content-encoding"), response.headers.get("content-length"), response.read()
    connection.close()
    return answer


def test_json_is_compressed_on_request(wire):
    """The content is the same; a weight of 0 is a refusal."""
    wire.call("POST", "files", files={"file": ("a" * 200, b"x")})
    plain = raw(wire, "files", None)
    assert plain[:2] == (None, None) and plain[2].startswith(b'{"value":[')
    for accepted in ("gzip", "gzip, deflate, br", "deflate, GZIP;q=0.5", "gzip; q=1.0"):
        encoding, length, content = raw(wire, "files", accepted)
        assert (encoding, length) == ("gzip", None), accepted
        assert content != plain[2] and gzip.decompress(content) == plain[2]
    for refused in ("identity", "", "br", "gzip;q=0", "gzip; q=0.000, identity", "gzipped"):
        assert raw(wire, "files", refused) == plain, refused


def test_the_content_of_a_file_is_never_compressed(wire):
    """It has a Content-Length, regardless of Accept-Encoding."""
    wire.call("POST", "files", files={"file": ("a.json", b"[" + b" " * 5000 + b"]")})
    assert raw(wire, "files/a.json/content", "gzip") == (None, "5002", b"[" + b" " * 5000 + b"]")
    assert raw(wire, "files/a.json", "gzip")[0] == "gzip"

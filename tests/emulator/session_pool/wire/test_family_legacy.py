"""The wire of the private preview: `python/...`, flat responses, tokens for another audience."""

import dataclasses
import re

import pytest
import requests

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}Z")
INVALID = "SessionRequestValidationFailed"
LEGACY_AUDIENCE = "https://acasessions.io"


@pytest.fixture(params=[None, "2024-02-02-preview", "2024-08-02-preview"])
def call(request, emulator, wire):
    """Calls to a route below `python/`, with an api-version or without, with a token for the old audience."""
    token = emulator.authority.issue(LEGACY_AUDIENCE)[0]

    def send(method, path, *, identifier=wire.identifier, **rest):
        query = {"identifier": identifier, "api-version": request.param, **rest.pop("params", {})}
        headers = {"Authorization": f"Bearer {token}"}
        url = f"{wire.endpoint}/python/{path}"
        return requests.request(method, url, params=query, headers=headers, timeout=30, **rest)

    return send


def failed(response, status, code):
    assert response.status_code == status, response.text
    assert response.json()["error"]["code"] == code == response.headers["x-ms-error-code"]


def test_the_body_of_an_execution(call, wire):
    """Everything in one object, in the recorded order."""
    properties = {
        "identifier": wire.identifier,
        "codeInputType": "inline",
        "executionType": "synchronous",
        "pythonCode": "print('Hello'); 6 * 7",
        "timeoutInSeconds": 100,
    }
    response = call("POST", "execute", json={"properties": properties})
    assert response.status_code == 200, response.text
    assert re.fullmatch(
        r'\{"\$id":"1","status":"Success","stdout":"Hello\\n","stderr":"","result":42,'
        r'"executionTimeInMilliseconds":\d+\}',
        response.text,
    )
    assert "api-supported-versions" not in response.headers
    assert response.headers["content-type"] == "application/json; charset=utf-8"


def test_a_failure(call):
    """Still a 200; the result is an empty text."""
    body = call("POST", "execute", json={"properties": {"pythonCode": "1/0"}}).json()
    assert (body["status"], body["stdout"], body["result"]) == ("Failure", "", "")
    assert "ZeroDivisionError: division by zero" in body["stderr"]


def test_the_identifier_may_be_in_the_body(call, wire):
    """When the query has none; the query's counts when both have one."""
    body = {"properties": {"identifier": wire.identifier, "pythonCode": "x = 'by body'"}}
    assert call("POST", "execute", identifier=None, json=body).status_code == 200
    assert wire.value("x") == "by body"
    other = {"properties": {"identifier": wire.identifier + "-other", "pythonCode": "x"}}
    assert call("POST", "execute", json=other).json()["result"] == "by body"


@pytest.mark.parametrize("identifier", [None, "", "abc", 5, ["abcd"]])
def test_an_identifier_is_required(call, identifier):
    """A valid identifier, in the query or in the body."""
    body = {"properties": {"identifier": identifier, "pythonCode": "1"}}
    failed(call("POST", "execute", identifier=None, json=body), 400, INVALID)


@pytest.mark.parametrize("body", [{}, {"pythonCode": "1"}, {"properties": {}}, {"properties": {"pythonCode": 5}}])
def test_code_is_required(call, body):
    """As a text in `properties`."""
    failed(call("POST", "execute", json=body), 400, "SessionPropertiesMissing")


def test_files(call):
    """Upload, list and download; lists are in `$values`."""
    uploaded = call("POST", "uploadFile", files={"file": ("/mnt/data/a b.csv", b"1,2")})
    assert uploaded.status_code == 200, uploaded.text
    (file,) = uploaded.json()["$values"]
    assert TIME.fullmatch(file.pop("last_modified_time"))
    assert file == {"$id": "2", "filename": "a b.csv", "size": 3}
    listed = call("GET", "files").json()
    assert list(listed) == ["$id", "$values"]
    assert [item["filename"] for item in listed["$values"]] == ["a b.csv"]
    content = call("GET", "downloadFile", params={"filename": "a b.csv"})
    assert (content.status_code, content.content) == (200, b"1,2")
    assert content.headers["content-type"] == "application/octet-stream"
    assert content.headers["content-length"] == "3"


def test_files_in_folders(call, wire):
    """A file in a folder is listed and downloaded by its path."""
    call("POST", "uploadFile", files={"file": ("in/deep/x.csv", b"x")})
    assert [item["filename"] for item in call("GET", "files").json()["$values"]] == ["in/deep/x.csv"]
    for name in ("in/deep/x.csv", "/mnt/data/in/deep/x.csv"):
        assert call("GET", "downloadFile", params={"filename": name}).content == b"x"


def test_files_that_do_not_exist(call):
    """404 for an unknown name, 400 for none."""
    failed(call("GET", "downloadFile", params={"filename": "no"}), 404, "FileNotFound")
    failed(call("GET", "downloadFile"), 400, "FileNameInvalid")


def test_the_session_is_the_one_of_the_other_versions(call, wire):
    """Only the text differs."""
    wire.run("x = 1; open('/mnt/data/a', 'w').write('y')")
    assert call("POST", "execute", json={"properties": {"pythonCode": "x"}}).json()["result"] == 1
    assert call("GET", "downloadFile", params={"filename": "a"}).content == b"y"


def test_current_tokens_are_accepted_too(wire):
    """Clients that call the old routes with a new library send such tokens."""
    body = {"properties": {"pythonCode": "1"}}
    response = wire.call("POST", "python/execute", params={"api-version": "2024-02-02-preview"}, json=body)
    assert (response.status_code, response.json()["result"]) == (200, 1)


@pytest.mark.parametrize(
    ("method", "path", "version"),
    [
        ("GET", "metadata", "2025-10-02-preview"),
        ("GET", "files", "2025-02-02-preview"),
        ("POST", "executions", "2025-02-02-preview"),
        ("GET", "python/files", "2025-10-02-preview"),
    ],
)
def test_the_old_audience_is_refused_by_versions_of_2025(emulator, wire, method, path, version):
    """401 without a body."""
    old = dataclasses.replace(wire, token=emulator.authority.issue(LEGACY_AUDIENCE)[0])
    response = old.call(method, path, params={"api-version": version}, json={"properties": {"code": "1"}})
    assert (response.status_code, response.content) == (401, b"")


def test_the_old_audience_is_accepted_by_family_a(emulator, wire):
    """Its clients still request them."""
    old = dataclasses.replace(wire, token=emulator.authority.issue(LEGACY_AUDIENCE)[0])
    assert old.call("GET", "files", params={"api-version": "2024-02-02-preview"}).status_code == 200


def test_a_token_is_required_here_too(emulator):
    """401 without a body, for none and for one of a third audience."""
    url = f"{emulator.pool.endpoint}/python/files?identifier=abcd"
    third = {"Authorization": f"Bearer {emulator.authority.issue('https://management.azure.com')[0]}"}
    for headers in ({}, third):
        response = requests.get(url, headers=headers, timeout=10)
        assert (response.status_code, response.content) == (401, b"")


@pytest.mark.parametrize("version", ["2024-10-02-preview", "2025-02-02-preview", "2025-10-02-preview"])
@pytest.mark.parametrize(
    ("method", "path"), [("POST", "execute"), ("POST", "uploadFile"), ("GET", "files"), ("GET", "downloadFile")]
)
def test_later_versions_lack_these_routes(wire, version, method, path):
    """400 with a separate error code."""
    body = {"properties": {"pythonCode": "1"}}
    response = wire.call(method, f"python/{path}", params={"api-version": version, "filename": "a"}, json=body)
    failed(response, 400, "SessionRequestNotSupported")


def test_an_unknown_version_is_refused(wire):
    """401 without a body, as on all routes."""
    body = {"properties": {"pythonCode": "1"}}
    response = wire.call("POST", "python/execute", params={"api-version": "2023-01-01"}, json=body)
    assert (response.status_code, response.content) == (401, b"")


def test_unknown_routes(call):
    """400, also for the verbs that a route does not have."""
    for method, path in (("GET", "execute"), ("DELETE", "files"), ("GET", "downloadFile/a"), ("GET", "")):
        failed(call(method, path), 400, "SessionRequestNotSupported")

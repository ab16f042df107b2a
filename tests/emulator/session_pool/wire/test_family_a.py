"""The wire of api-versions 2024-02-02- and 2024-08-02-preview: wrapped bodies, numbered objects, `Success`."""

import base64
import re
import time
import uuid

import pytest

VERSIONS = ("2024-02-02-preview", "2024-08-02-preview")
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}Z")
INVALID = "SessionRequestValidationFailed"
WHOLE_HEADERS = (
    "x-ms-allocation-retries",
    "x-ms-container-execution-duration",
    "x-ms-execution-request-time",
)
DECIMAL_HEADERS = (
    "x-ms-allocation-time",
    "x-ms-execution-read-response-time",
    "x-ms-overall-execution-time",
    "x-ms-preparation-time",
    "x-ms-total-execution-service-time",
)


@pytest.fixture(params=VERSIONS)
def call(request, wire):
    """Calls in one of the two versions, for a session that no other test uses."""
    version = {"api-version": request.param}
    return lambda method, path, params=None, **rest: wire.call(
        method, path, params={**version, **(params or {})}, **rest
    )


@pytest.fixture
def execute(call):
    """Runs code and returns what is in `properties`."""

    def run(code, **members):
        response = call("POST", "code/execute", json={"properties": {"code": code, **members}})
        assert response.status_code == 200, response.text
        return response.json()["properties"]

    return run


def failed(response, status, code):
    assert response.status_code == status, response.text
    assert response.json()["error"]["code"] == code == response.headers["x-ms-error-code"]


def fixed(text):
    """The body, with the only members that vary between runs set to fixed values."""
    text = re.sub(r'"executionTimeInMilliseconds":\d+', '"executionTimeInMilliseconds":35', text)
    return re.sub(r'"lastModifiedTime":"[^"]*"', '"lastModifiedTime":"T"', text)


def test_the_body_of_an_execution(call):
    """Members in the recorded order, numbered in the order in which objects open, without blanks."""
    body = {
        "properties": {
            "identifier": "another-one",
            "codeInputType": "inline",
            "executionType": "synchronous",
            "code": 'print("Hello world")',
            "timeoutInSeconds": 60,
        }
    }
    response = call("POST", "code/execute", json=body)
    assert response.status_code == 200
    assert fixed(response.text) == (
        '{"$id":"1","properties":{"$id":"2","status":"Success","stdout":"Hello world\\n","stderr":"","result":"",'
        '"executionTimeInMilliseconds":35}}'
    )


def test_the_headers_of_an_execution(call):
    """Times in milliseconds: three as integers, the others with four decimal places."""
    first = call("POST", "code/execute", json={"properties": {"code": "1"}}).headers
    second = call("POST", "code/execute", json={"properties": {"code": "1"}}).headers
    for headers in (first, second):
        assert headers["content-type"] == "application/json; charset=utf-8"
        assert {name for name in headers if name.startswith("x-ms-")} == {
            *WHOLE_HEADERS,
            *DECIMAL_HEADERS,
            "x-ms-session-guid",
        }
        assert all(re.fullmatch(r"\d+", headers[name]) for name in WHOLE_HEADERS), headers
        assert all(re.fullmatch(r"\d+\.\d{4}", headers[name]) for name in DECIMAL_HEADERS), headers
        assert headers["x-ms-allocation-retries"] == "0"
        assert "api-supported-versions" not in headers
        assert "operation-id" not in headers
    assert str(uuid.UUID(first["x-ms-session-guid"])) == first["x-ms-session-guid"] == second["x-ms-session-guid"]


def test_the_headers_with_durations(call):
    """The duration is that in the body, and the total is at least as long."""
    response = call("POST", "code/execute", json={"properties": {"code": "import time; time.sleep(0.2)"}})
    took = response.json()["properties"]["executionTimeInMilliseconds"]
    assert 200 <= took < 5000
    assert int(response.headers["x-ms-container-execution-duration"]) == took
    assert float(response.headers["x-ms-total-execution-service-time"]) >= 200
    assert float(response.headers["x-ms-overall-execution-time"]) >= 200


def test_a_failure(execute):
    """An answer like any other: the message and IPython's traceback in stderr, and a result that is null."""
    body = execute("print('before')\n1/0")
    assert list(body) == ["$id", "status", "stdout", "stderr", "result", "executionTimeInMilliseconds"]
    assert (body["status"], body["stdout"], body["result"]) == ("Failure", "before\n", None)
    assert body["stderr"].startswith("division by zero")
    assert body["stderr"].endswith("ZeroDivisionError: division by zero\n\n")
    assert "\x1b" not in body["stderr"]


@pytest.mark.parametrize(
    ("code", "result"),
    [
        ("x = 1", ""),
        ("None", ""),
        ("6 * 7", 42),
        ("1 / 4", 0.25),
        ("1 < 2", True),
        ("float('nan')", None),
        ("'nan'", "nan"),
        ("[1, 'a']", "[1, 'a']"),
        ("{'a': 1}", "{'a': 1}"),
    ],
)
def test_results(execute, code, result):
    """Numbers, booleans and strings as JSON values, nan as null, the rest as IPython shows it; never omitted."""
    body = execute(code)
    assert body["status"] == "Success"
    assert body["result"] == result and type(body["result"]) is type(result)
    assert (body["stdout"], body["stderr"]) == ("", "")


def test_both_streams(execute):
    """Texts, each with what was written there."""
    body = execute("import sys; print('out'); print('err', file=sys.stderr)")
    assert (body["stdout"], body["stderr"], body["status"]) == ("out\n", "err\n", "Success")


def test_an_image_is_not_numbered(execute):
    """The object for a figure has its three members and no number, also after a print."""
    body = execute("import matplotlib.pyplot as plt; plt.plot([1, 2]); print('drawn')")
    assert (body["$id"], body["stdout"]) == ("2", "drawn\n")
    assert list(body["result"]) == ["type", "format", "base64_data"]
    assert (body["result"]["type"], body["result"]["format"]) == ("image", "png")
    assert base64.b64decode(body["result"]["base64_data"], validate=True).startswith(b"\x89PNG\r\n")


def test_an_image_of_pillow(execute):
    """The same object as for a figure, although it offers more than one format."""
    body = execute("from PIL import Image\nImage.new('RGB', (2, 2))")
    assert (body["status"], body["result"]["type"], body["result"]["format"]) == ("Success", "image", "png")
    assert base64.b64decode(body["result"]["base64_data"], validate=True).startswith(b"\x89PNG\r\n")


def test_base64_code(execute):
    """codeInputType states how the code is written, in any casing."""
    code = base64.b64encode("'é'".encode()).decode()
    assert execute(code, codeInputType="inlineBase64")["result"] == "é"
    assert execute(code, codeInputType="InlineBase64")["result"] == "é"


def test_a_timeout(execute):
    """A failure after the requested timeout; the variables are kept."""
    execute("kept = 1")
    started = time.monotonic()
    body = execute("import time; time.sleep(30)", timeoutInSeconds=1)
    assert time.monotonic() - started < 5
    assert (body["status"], body["result"], body["executionTimeInMilliseconds"]) == ("Failure", None, 1000)
    assert body["stderr"] == "Request timed out waiting for code execution to complete after 1 seconds"
    assert execute("kept")["result"] == 1


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"code": "1"}, "SessionPropertiesMissing"),
        ({"properties": None}, "SessionPropertiesMissing"),
        ({"properties": "1"}, "SessionPropertiesMissing"),
        ({"properties": {}}, "SessionPropertiesMissing"),
        ({"properties": {"pythonCode": "1"}}, "SessionPropertiesMissing"),
        ({"properties": {"code": "1", "timeoutInSeconds": 0}}, INVALID),
        ({"properties": {"code": "1", "codeInputType": "odd"}}, INVALID),
        ({"properties": {"code": "?", "codeInputType": "inlineBase64"}}, INVALID),
        ({"properties": {"code": "1", "executionType": "asynchronous"}}, "SessionRequestNotSupported"),
    ],
)
def test_bodies_that_are_refused(call, body, code):
    """400 with the service's code, a flat body among them."""
    failed(call("POST", "code/execute", json=body), 400, code)


def test_a_body_that_is_not_json(call):
    """400 with the text of ASP.NET."""
    response = call("POST", "code/execute", data=b"{")
    assert response.status_code == 400
    assert response.headers["content-type"] == "application/problem+json; charset=utf-8"


def test_the_identifier_in_the_query_wins(call, execute, wire, wire_to):
    """The one in the body is ignored."""
    execute("x = 'mine'", identifier=wire.identifier + "-other")
    assert execute("x", identifier="no good identifier")["result"] == "mine"
    assert wire_to(wire.identifier + "-other").call("GET", "session").status_code == 404
    failed(call("POST", "code/execute", {"identifier": ""}, json={"properties": {"code": "1"}}), 400, INVALID)


def test_the_bodies_of_files(call):
    """An upload and a list in `value`, a file's metadata not, each object with its number."""
    assert call("GET", "files").text == '{"$id":"1","value":[]}'
    uploaded = call("POST", "files/upload", files={"file": ("cert.txt", b"1234567")})
    first = '{"$id":"2","properties":{"$id":"3","filename":"cert.txt","size":7,"lastModifiedTime":"T"}}'
    assert (uploaded.status_code, fixed(uploaded.text)) == (200, f'{{"$id":"1","value":[{first}]}}')
    call("POST", "files/upload", files={"file": ("data", b"")})
    second = '{"$id":"4","properties":{"$id":"5","filename":"data","size":0,"lastModifiedTime":"T"}}'
    listed = call("GET", "files", {"path": ""})
    assert (listed.status_code, fixed(listed.text)) == (200, f'{{"$id":"1","value":[{first},{second}]}}')
    metadata = call("GET", "files/cert.txt")
    assert (metadata.status_code, fixed(metadata.text)) == (
        200,
        '{"$id":"1","properties":{"$id":"2","filename":"cert.txt","size":7,"lastModifiedTime":"T"}}',
    )
    assert TIME.fullmatch(metadata.json()["properties"]["lastModifiedTime"])


def test_the_headers_of_files(call):
    """Those of the front end alone: no times, no versions; a deletion has no content and no type."""
    uploaded = call("POST", "files/upload", files={"file": ("a", b"1234567")})
    content = call("GET", "files/content/a")
    answers = [uploaded, call("GET", "files"), call("GET", "files/a"), content, call("DELETE", "files/a")]
    for answer in answers:
        assert not [name for name in answer.headers if name.startswith("x-ms-")]
        assert "api-supported-versions" not in answer.headers
        assert (answer.headers["server"], answer.headers["x-powered-by"]) == ("Microsoft-IIS/10.0", "ASP.NET")
    for answer in answers[:3]:
        assert answer.headers["content-type"] == "application/json; charset=utf-8"
        assert answer.headers["transfer-encoding"] == "chunked"
    assert (content.status_code, content.content) == (200, b"1234567")
    assert content.headers["content-type"] == "application/octet-stream"
    assert content.headers["content-length"] == "7"
    assert "transfer-encoding" not in content.headers
    deleted = answers[-1]
    assert (deleted.status_code, deleted.content) == (204, b"")
    assert "content-type" not in deleted.headers
    assert call("GET", "files").json()["value"] == []


def test_an_upload_replaces_a_file_of_that_name(call):
    """Without an error; the old content is replaced."""
    for content in (b"first", b"2nd"):
        assert call("POST", "files/upload", files={"file": ("a", content)}).status_code == 200
    assert call("GET", "files/content/a").content == b"2nd"
    assert [item["properties"]["size"] for item in call("GET", "files").json()["value"]] == [3]


@pytest.mark.parametrize("name", ["/mnt/data/in/deep/x.csv", "in/deep/x.csv", "/in/deep/x.csv"])
def test_names_with_folders(call, execute, name):
    """Clients send paths as names; a file is known by its path below /mnt/data, however it is addressed."""
    uploaded = call("POST", "files/upload", files={"file": (name, b"x")}).json()
    assert uploaded["value"][0]["properties"]["filename"] == "in/deep/x.csv"
    assert execute("open('/mnt/data/in/deep/x.csv').read()")["result"] == "x"
    listed = call("GET", "files").json()["value"]
    assert [item["properties"]["filename"] for item in listed] == ["in/deep/x.csv"]
    for path in ("in/deep/x.csv", "in%2Fdeep%2Fx.csv", "/mnt/data/in/deep/x.csv", "%2Fmnt%2Fdata%2Fin%2Fdeep%2Fx.csv"):
        assert call("GET", f"files/content/{path}").content == b"x"
        assert call("GET", f"files/{path}").json()["properties"]["filename"] == "in/deep/x.csv", path
    assert call("DELETE", f"files/{name}").status_code == 204
    failed(call("GET", "files/content/in/deep/x.csv"), 404, "FileNotFound")


def test_names_are_percent_encoded(call):
    """Blanks and letters of any script are returned unchanged."""
    assert call("POST", "files/upload", files={"file": ("été 1.csv", b"x")}).status_code == 200
    assert call("GET", "files/%C3%A9t%C3%A9%201.csv").json()["properties"]["filename"] == "été 1.csv"
    assert call("GET", "files/content/été 1.csv").content == b"x"


def test_files_that_do_not_exist(call):
    """404; a deletion has a separate error code."""
    failed(call("GET", "files/no"), 404, "FileNotFound")
    failed(call("GET", "files/content/no"), 404, "FileNotFound")
    failed(call("DELETE", "files/no"), 404, "DeleteFileError")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "executions"),
        ("GET", "executions/x"),
        ("POST", "files"),
        ("GET", "session"),
        ("DELETE", "session"),
        ("GET", "listSessions"),
        ("GET", "metadata"),
        ("POST", ".management/stopSession"),
        ("GET", "code/execute"),
        ("PUT", "files/x"),
        ("DELETE", "files"),
    ],
)
def test_routes_of_other_versions(call, method, path):
    """400 with a separate error code and the version in the message."""
    response = call(method, path, json={"code": "1"})
    failed(response, 400, "SessionRequestNotSupported")
    assert "2024-0" in response.json()["error"]["message"]
    assert "api-supported-versions" not in response.headers


def test_a_files_content_has_the_other_route_in_other_versions(wire):
    """`files/{name}/content` is a file in a folder here, and `files/content/{name}` is one there."""
    wire.call("POST", "files", files={"file": ("a", b"x")})
    old, new = {"api-version": VERSIONS[0]}, {"api-version": "2025-10-02-preview"}
    assert wire.call("GET", "files/content/a", params=old).content == b"x"
    assert wire.call("GET", "files/a/content", params=new).content == b"x"
    failed(wire.call("GET", "files/a/content", params=old), 404, "FileNotFound")
    failed(wire.call("GET", "files/content/a", params=new), 404, "FileNotFound")

"""The HTTP edge on the running app: what it accepts, what it refuses, and with which messages."""

import base64
import gzip
import http.client
import json
import socket
import time
import uuid
from itertools import product
from urllib.parse import quote, urlsplit

import azure.functions as func
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.bulkhead import Admission, Bulkhead
from connector.http.requests import complete_body
from connector.outbound.deadlines import Deadlines

JSON = {"Content-Type": "application/json"}


def refused(response, status: int, code: str, *words: str) -> dict:
    """The error body, after checking what all errors have in common."""
    assert response.status_code == status, response.text
    error = response.json()["error"]
    assert error["code"] == code
    assert response.headers["x-ms-error-code"] == code
    assert uuid.UUID(response.headers["x-ms-request-id"])
    for word in words:
        assert word in error["message"], error["message"]
    return error


def test_every_response_has_a_request_id(api):
    """Successful ones too."""
    assert uuid.UUID(api.call("GET", "/health").headers["x-ms-request-id"])


# ---- bodies


def test_an_unknown_member_is_named(api):
    """The message names it and the known members."""
    response = api.call("POST", "/executions", json={"pythonCode": "1", "code": "2"})
    error = refused(response, 400, "InvalidRequest", "code", "pythonCode", "sessionId", "timeoutInSeconds")
    assert error["target"] == "code"


def test_an_unknown_member_of_a_file_is_named_with_its_path(api):
    """The target is the path of the member."""
    body = {"files": [{"fileName": "a", "fileContent": "", "name": "b"}]}
    assert refused(api.call("POST", "/files", json=body), 400, "InvalidRequest")["target"] == "files[0].name"


def test_all_mistakes_are_reported(api):
    """Each mistake in a body is in `details`."""
    response = api.call("POST", "/executions", json={"a": 1, "b": 2, "timeoutInSeconds": "x"})
    error = refused(response, 400, "InvalidRequest")
    assert {detail["target"] for detail in error["details"]} == {"a", "b", "timeoutInSeconds", "pythonCode"}


@pytest.mark.parametrize(
    "content_type",
    [None, "text/plain", "application/x-www-form-urlencoded", "application/jsonp", "multipart/form-data"],
)
def test_a_body_without_the_right_content_type_is_refused(api, content_type):
    """Web pages can post these types cross-site without a preflight request, but not application/json."""
    headers = {"Content-Type": content_type} if content_type else {}
    response = api.call("POST", "/executions", data=b'{"pythonCode": "1"}', headers=headers)
    refused(response, 415, "UnsupportedMediaType", "application/json")


@pytest.mark.parametrize("content_type", ["application/json; charset=utf-8", "Application/JSON"])
def test_parameters_and_case_of_the_content_type_do_not_matter(api, content_type, session_id):
    """Logic Apps sends a charset."""
    body = json.dumps({"pythonCode": "1", "sessionId": session_id})
    assert api.call("POST", "/executions", data=body, headers={"Content-Type": content_type}).status_code == 200


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", ["empty"]),
        (b"  ", ["empty"]),
        (b'{"pythonCode": "a"b"}', ["not JSON", "column"]),
        (b"[1]", ["object", "list"]),
        (b"null", ["object", "null"]),
        (b'"x"', ["object"]),
        (b"3", ["object", "3"]),
        (b'{"pythonCode": "\xff"}', ["UTF-8"]),
        (b"[" * 100_000, ["deep"]),
    ],
    ids=["empty", "blank", "broken", "list", "null", "text", "number", "latin-1", "deep"],
)
def test_a_body_that_is_not_a_json_object_is_refused(api, body, words):
    """The message states what was received."""
    refused(api.call("POST", "/executions", data=body, headers=JSON), 400, "InvalidRequest", *words)


@pytest.mark.parametrize("content_type", ["text/json", "application/json-patch+json", "application/merge-patch+json"])
def test_other_types_of_json_are_accepted(api, content_type, session_id):
    """Some clients send them, and web pages cannot without a preflight request."""
    body = json.dumps({"pythonCode": "6 * 7", "sessionId": session_id})
    response = api.call("POST", "/executions", data=body, headers={"Content-Type": content_type})
    assert response.json()["result"] == "42"


def test_an_empty_body_gets_an_example(api):
    """The message has a complete body for the operation, with the line break of its code written as JSON has it."""
    for request in ({"data": b"", "headers": JSON}, {"json": {}}, {}):
        response = api.call("POST", "/executions", **request)
        error = refused(response, 400, "InvalidRequest", '{"pythonCode": "import pandas as pd\\n')
        example = error["message"].partition("as in ")[2].rstrip(".")
        assert json.loads(example)["pythonCode"].count("\n") == 1
    error = refused(api.call("POST", "/files", data=b"", headers=JSON), 400, "InvalidRequest")
    example = json.loads(error["message"].partition("as in ")[2].rstrip("."))
    assert api.call("POST", "/files", json=example).status_code == 200


def test_a_text_that_contains_json_is_named(api):
    """A body that was encoded twice."""
    response = api.call("POST", "/executions", json=json.dumps({"pythonCode": "1"}))
    refused(response, 400, "InvalidRequest", "a text that contains JSON", "the JSON object itself")


@pytest.mark.parametrize(
    ("sent", "meant"),
    [
        ({"code": "1"}, {"code": "pythonCode"}),
        ({"python_code": "1"}, {"python_code": "pythonCode"}),
        ({"PythonCode": "1", "session_id": "abcd"}, {"PythonCode": "pythonCode", "session_id": "sessionId"}),
        ({"pythonCode": "1", "sessionID": "abcd"}, {"sessionID": "sessionId"}),
        ({"pythonCode": "1", "timeout": 5}, {"timeout": "timeoutInSeconds"}),
        ({"pythonCode": "1", "timeoutInSecond": 5}, {"timeoutInSecond": "timeoutInSeconds"}),
        ({"pythonCode": "1", "wait": 5}, {"wait": "waitInSeconds"}),
        ({"pythonCode": "1", "idempotency-key": "a"}, {"idempotency-key": "idempotencyKey"}),
    ],
)
def test_the_name_that_was_meant_is_suggested(api, sent, meant):
    """Instead of an error for the member that is then missing."""
    error = refused(api.call("POST", "/executions", json=sent), 400, "InvalidRequest")
    errors = error.get("details", [error])
    assert {
        error["target"]: error["message"].partition("did you mean ")[2].partition("?")[0] for error in errors
    } == meant


def test_a_file_beside_the_list_of_files_is_named(api):
    """A single file needs the list, too."""
    response = api.call("POST", "/files", json={"fileName": "a", "fileContent": "YQ=="})
    error = refused(response, 400, "InvalidRequest")
    assert {detail["target"] for detail in error["details"]} == {"fileName", "fileContent", "files"}
    assert "an object in the list files" in error["details"][0]["message"]


@pytest.mark.parametrize("value", [True, False, 1])
def test_the_words_of_a_list_are_named(api, value):
    """For a value of another type, too."""
    response = api.call("POST", "/executions", json={"pythonCode": "1", "includeContent": value})
    refused(response, 400, "InvalidRequest", f"includeContent is {json.dumps(value)}", "auto, always, never")


def test_the_words_of_a_list_may_have_another_case(api, session_id):
    """In bodies and in queries."""
    execution = api.execute("1", session_id, includeContent="Never")
    path = f"/executions/{execution['executionId']}?sessionId={session_id}&includeContent=ALWAYS"
    assert api.call("GET", path).status_code == 200


# ---- compressed bodies


def test_a_compressed_body_is_accepted(api, session_id):
    """JSON, multipart and raw bytes."""
    headers = {**JSON, "Content-Encoding": "gzip"}
    body = json.dumps({"pythonCode": "6 * 7", "sessionId": session_id})
    response = api.call("POST", "/executions", data=gzip.compress(body.encode()), headers=headers)
    assert response.json()["result"] == "42"
    parts = (
        f'--x\r\nContent-Disposition: form-data; name="sessionId"\r\n\r\n{session_id}\r\n'
        '--x\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\nA\r\n--x--\r\n'
    )
    headers = {"Content-Type": "multipart/form-data; boundary=x", "Content-Encoding": "gzip"}
    response = api.call("POST", "/files", data=gzip.compress(parts.encode()), headers=headers)
    assert [file["size"] for file in response.json()["files"]] == [1], response.text
    headers = {"Content-Encoding": "gzip"}
    for name, stored in (("b.txt", b"B"), ("b.txt.gz", gzip.compress(b"B"))):
        path = f"/files/{name}"
        api.call("PUT", f"{path}?sessionId={session_id}", data=gzip.compress(b"B"), headers=headers)
        content = api.call("GET", f"{path}/content?sessionId={session_id}").content
        assert content == stored, name


def test_another_compression_is_named(api):
    """415, with those that are accepted."""
    headers = {**JSON, "Content-Encoding": "br"}
    response = api.call("POST", "/executions", data=b"\x0b\x02", headers=headers)
    refused(response, 415, "UnsupportedMediaType", "'br'", "gzip")
    assert response.headers["Accept-Encoding"] == "gzip, deflate"


def test_a_compressed_body_has_the_limit_of_others(api):
    """When it is decompressed."""
    headers = {**JSON, "Content-Encoding": "gzip"}
    body = gzip.compress(b" " * 100_000_001, compresslevel=1)
    refused(api.call("POST", "/files", data=body, headers=headers), 413, "RequestTooLarge", "100,000,000")


def test_code_has_the_limit_of_its_contract(api):
    """However its characters are written; a longer body is not parsed."""
    body = b'{"pythonCode":"' + b"\\ud83d\\ude00" * 262_144 + b'"}'
    refused(api.call("POST", "/executions", data=body[:15] + b"x" + body[15:], headers=JSON), 400, "InvalidRequest")
    refused(
        api.call("POST", "/executions", data=body + b" " * 200_000, headers=JSON), 413, "RequestTooLarge", "UploadFile"
    )


@pytest.mark.parametrize(
    ("member", "value", "words"),
    [
        ("pythonCode", 3, ["pythonCode", "text", "3"]),
        ("pythonCode", ["x"], ["text", "list"]),
        ("pythonCode", {"a": 1}, ["text", "object"]),
        ("pythonCode", None, ["text", "null"]),
        ("pythonCode", "", ["empty"]),
        ("timeoutInSeconds", "soon", ["whole number", "soon"]),
        ("timeoutInSeconds", 1.5, ["whole number", "1.5"]),
        ("timeoutInSeconds", True, ["whole number", "true"]),
        ("timeoutInSeconds", 0, ["from 1 to 3600", "0"]),
        ("timeoutInSeconds", 3601, ["from 1 to 3600", "3601"]),
        ("timeoutInSeconds", -1, ["from 1 to 3600", "-1"]),
    ],
)
def test_a_wrong_value_is_named_with_what_was_expected_and_received(api, member, value, words):
    """The message has the member, the expectation and the value."""
    response = api.call("POST", "/executions", json={"pythonCode": "1", member: value})
    assert refused(response, 400, "InvalidRequest", *words)["target"] == member


def test_missing_code_is_named(api):
    """The message names a missing required member and describes it."""
    response = api.call("POST", "/executions", json={})
    assert refused(response, 400, "InvalidRequest", "pythonCode is missing")["target"] == "pythonCode"


def test_code_over_the_limit_is_refused(api):
    """The message has both lengths."""
    response = api.call("POST", "/executions", json={"pythonCode": "#" * 262_145})
    refused(response, 400, "InvalidRequest", "262,144", "262,145")


def test_the_limit_of_code_is_a_setting(start_connector, emulator, session_id):
    """MAX_CODE_CHARACTERS is the longest code, also in the document."""
    short = start_connector(MAX_CODE_CHARACTERS="5", **emulator.environment)
    refused(short.call("POST", "/executions", json={"pythonCode": "1+1+1+1"}), 400, "InvalidRequest", "5", "7")
    assert short.execute("1+1", session_id)["result"] == "2"
    document = short.call("GET", "/openapi.json").json()
    schema = document["paths"]["/executions"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert schema["properties"]["pythonCode"]["maxLength"] == 5


def test_null_and_empty_text_in_optional_members_are_ignored(api):
    """Logic Apps sends them for members that are not set."""
    for unset in (None, ""):
        body = {"pythonCode": "6 * 7", "sessionId": unset, "timeoutInSeconds": unset}
        response = api.call("POST", "/executions", json=body)
        assert response.status_code == 200
        assert response.json()["result"] == "42"
        assert len(response.json()["sessionId"]) == 41
    response = api.call("POST", "/files", json={"files": [{"fileName": "a", "fileContent": "YQ=="}], "folder": None})
    assert response.json()["files"][0]["folder"] == ""


def test_an_unknown_member_with_null_is_ignored(api):
    """Importers for agents send arguments of their own, such as `paginate`, as null when they are not set."""
    file = {"fileName": "a", "fileContent": "YQ==", "title": None}
    response = api.call("POST", "/files", json={"files": [file], "paginate": None})
    assert response.json()["files"][0]["size"] == 1
    refused(api.call("POST", "/files", json={"files": [file], "paginate": ""}), 400, "InvalidRequest", "paginate")


def test_numbers_and_booleans_may_be_sent_as_text(api, session_id):
    """Designers send what was typed: "5" for a number, "true" for a boolean."""
    assert api.execute("1", session_id, timeoutInSeconds="5")["status"] == "Succeeded"
    assert api.execute("1", session_id, timeoutInSeconds=5.0)["status"] == "Succeeded"
    assert api.call("GET", f"/files?sessionId={session_id}&recursive=True").status_code == 200
    refused(api.call("GET", f"/files?sessionId={session_id}&recursive=maybe"), 400, "InvalidRequest", "true or false")


def test_a_body_over_the_limit_is_refused(api):
    """The host accepts a little more, so that the error is the connector's own."""
    body = b" " * 100_000_001
    refused(api.call("POST", "/files", data=body, headers=JSON), 413, "RequestTooLarge", "100,000,001", "100,000,000")


def test_a_body_over_the_limit_of_the_host_gets_the_hosts_413(api):
    """It never reaches the connector, and the response is empty."""
    response = api.call("POST", "/files", data=b" " * 104_857_601, headers=JSON)
    assert (response.status_code, response.content) == (413, b"")


def test_a_body_without_a_length_is_refused(api):
    """The host passes on an empty body; the error says to send a Content-Length."""
    for path, headers in (("/executions", JSON), ("/files", {"Content-Type": "multipart/form-data; boundary=x"})):
        response = api.call("POST", path, data=iter([b'{"pythonCode": "1"}']), headers=headers)
        refused(response, 411, "LengthRequired", "Content-Length")
    refused(api.call("PUT", "/files/a.txt", data=iter([b"x"])), 411, "LengthRequired")


def test_a_body_that_gets_a_length_on_the_way_is_used(emulator, session_id, running_connector):
    """As from the front end of a deployed app: JSON, files and messages of MCP."""
    with running_connector(chunked="pass", **emulator.environment) as api:
        code = json.dumps({"pythonCode": "6 * 7", "sessionId": session_id}).encode()
        ran = api.call("POST", "/executions", data=iter([code[:5], code[5:]]), headers=JSON)
        assert (ran.status_code, ran.json()["value"]) == (200, 42)
        assert api.call("PUT", "/files/a.txt", params={"sessionId": session_id}, data=iter([b"x"])).status_code == 200
        listed = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
        answered = api.call("POST", "/mcp", data=iter([json.dumps(listed).encode()]), headers=JSON)
        assert answered.status_code == 200 and answered.json()["result"]["tools"]


def test_a_body_that_arrives_is_used_whatever_the_headers_state():
    """A gateway may leave Transfer-Encoding there."""
    headers = {"transfer-encoding": "chunked"}
    request = func.HttpRequest(method="PUT", url="http://app.example/api/files/a.txt", headers=headers, body=b"x")
    with Admission(Bulkhead(4, 100_000_000)) as admission:
        assert complete_body(request, admission) == b"x"


def test_a_lone_surrogate_in_the_code_is_a_failed_run(api, session_id):
    """JSON can have text that is not valid Unicode; Python cannot compile it."""
    response = api.call("POST", "/executions", data=rb'{"pythonCode": "x = \"\ud800\"; 5"}', headers=JSON)
    assert response.status_code == 200
    assert (response.json()["status"], response.json()["error"]["name"]) == ("Failed", "UnicodeEncodeError")


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b'{"pythonCode": "1", "timeoutInSeconds": "--5"}', ["whole number"]),
        ('{"pythonCode": "1", "timeoutInSeconds": "٥"}'.encode(), ["whole number"]),
        (b'{"pythonCode": "1", "timeoutInSeconds": ' + b"9" * 5000 + b"}", ["number that is too long"]),
        (b'{"pythonCode": "1", "timeoutInSeconds": Infinity}', ["whole number"]),
        (b'{"pythonCode": "1", "timeoutInSeconds": NaN}', ["whole number"]),
        (b'{"pythonCode": "1", "pythonCode": "2"}', ["pythonCode", "Duplicate"]),
        (b'{"pythonCode": "1", "": 2}', ["Unknown member ''"]),
    ],
)
def test_json_that_only_python_accepts_is_refused(api, body, words):
    """Python's parser accepts it, and no caller means it."""
    error = refused(api.call("POST", "/executions", data=body, headers=JSON), 400, "InvalidRequest", *words)
    assert "details" not in error


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/files", b'{"files": [' + b"5," * 1_000_000 + b"5]}"),
        ("/files", b'{"files": [' + b'{"fileName":"a"},' * 200_000 + b"{}]}"),
        ("/executions", json.dumps({"pythonCode": "1", **{f"m{i}": 1 for i in range(100_000)}}).encode()),
        ("/executions", b'{"": 1' + b"".join(b', "m%d": 1' % i for i in range(100_000)) + b', "m99999": 1}'),
    ],
    ids=["items", "files", "members", "duplicate"],
)
def test_many_mistakes_are_refused_quickly(api, path, body):
    """The worker's other calls do not have to wait, and the response has few of them."""
    started = time.monotonic()
    error = refused(api.call("POST", path, data=body, headers=JSON), 400, "InvalidRequest")
    assert time.monotonic() - started < 5
    assert len(error.get("details", [])) <= 20


def test_too_many_files_are_refused(api):
    """100 is the most."""
    body = {"files": [{"fileName": f"{i}", "fileContent": ""} for i in range(101)]}
    refused(api.call("POST", "/files", json=body), 400, "InvalidRequest", "100")


def test_a_duplicate_file_is_refused(api, session_id):
    """Only the last of them would remain."""
    file = {"fileName": "a.txt", "fileContent": ""}
    body = {"sessionId": session_id, "files": [file, file]}
    refused(api.call("POST", "/files", json=body), 400, "InvalidRequest", "a.txt", "Duplicate")


MEMBERS = ["pythonCode", "sessionId", "timeoutInSeconds", "files", "fileName", "fileContent", "folder"]


@given(
    body=st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from(MEMBERS) | st.text(max_size=5), inner, max_size=4)
        ),
        max_leaves=12,
    ),
    path=st.sampled_from(["/executions", "/files"]),
)
@settings(max_examples=150, deadline=None)
def test_no_body_makes_the_connector_fail(api_without_role, body, path):
    """The response to any JSON is an error that names a member, or the pool's."""
    response = api_without_role.call("POST", path, data=json.dumps(body), headers=JSON)
    assert response.status_code in (400, 403), response.text


@given(name=st.text(max_size=20), value=st.text(max_size=20))
@settings(max_examples=100, deadline=None)
def test_no_name_or_content_makes_the_connector_fail(api_without_role, name, value):
    """Names, contents and folders may be any text."""
    body = {"files": [{"fileName": name, "fileContent": value}], "folder": value}
    response = api_without_role.call("POST", "/files", data=json.dumps(body), headers=JSON)
    assert response.status_code in (400, 403), response.text


# ---- parameters


def test_a_member_of_the_body_in_the_query_is_refused(api, session_id):
    """The message says where it belongs."""
    response = api.call("POST", f"/executions?sessionId={session_id}", json={"pythonCode": "1"})
    assert refused(response, 400, "InvalidRequest", "belongs in the body")["target"] == "sessionId"


def test_an_unknown_query_parameter_is_named(api, session_id):
    """A misspelled parameter is not silently ignored."""
    error = refused(api.call("GET", f"/files?sessionId={session_id}&dir=x"), 400, "InvalidRequest", "dir", "folder")
    assert error["target"] == "dir"


def test_the_function_key_in_the_query_is_accepted(api, session_id):
    """The host reads `code` and passes it on."""
    assert api.call("GET", f"/files?sessionId={session_id}&code=k&clientId=default").status_code == 200


@pytest.mark.parametrize(
    "parameter", ["api-version", "API-Version", "subscription-key", "Subscription-Key", "apikey", "Code", "clientid"]
)
def test_parameters_of_gateways_are_ignored(api, session_id, parameter):
    """In every case of letters, with every operation."""
    assert api.call("GET", f"/files?sessionId={session_id}&{parameter}=x").status_code == 200
    body = {"pythonCode": "1", "sessionId": session_id}
    assert api.call("POST", f"/executions?{parameter}=x", json=body).status_code == 200


@pytest.mark.parametrize(
    "path", ["/files", "/files/a.txt", "/files/a.txt/content", "/executions/e-1", "/files?sessionId="]
)
def test_a_missing_session_id_is_named(api, path):
    """Where it is required, its absence is InvalidSessionId."""
    refused(api.call("GET", path), 400, "InvalidSessionId", "sessionId is missing")


@pytest.mark.parametrize(
    "invalid", ["abc", "a" * 129, "a b c d", "user@example.org", "../../x", "ab_cd", "äöüß", "abcd\n"]
)
def test_an_invalid_session_id_is_refused(api, invalid):
    """In the body, the query and the path; the message suggests a UUID or a hash."""
    for response in (
        api.call("POST", "/executions", json={"pythonCode": "1", "sessionId": invalid}),
        api.call("GET", f"/files?sessionId={quote(invalid)}"),
        api.call("GET", f"/sessions/{quote(invalid, safe='')}"),
    ):
        refused(response, 400, "InvalidSessionId", "UUID", "hash")


# ---- file names


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("..", ["path"]),
        (".", ["path"]),
        ("../x.txt", ["path", "folder"]),
        ("a/b.txt", ["path", "folder"]),
        ("a\\b.txt", ["path"]),
        ("a\0b", ["U+0000"]),
        ("x" * 256, ["255"]),
        ("ä" * 128, ["255 bytes"]),
        ("", ["empty"]),
        ("a\nb", ["U+000A"]),
    ],
    ids=[
        "dotdot",
        "dot",
        "up",
        "slash",
        "backslash",
        "nul",
        "long",
        "long-bytes",
        "empty",
        "newline",
    ],
)
def test_an_invalid_file_name_is_refused(api, session_id, name, words):
    """The message states the problem, and nothing is stored."""
    body = {"sessionId": session_id, "files": [{"fileName": "good.txt", "fileContent": ""}, {"fileName": name}]}
    body["files"][1]["fileContent"] = "YQ=="
    error = refused(api.call("POST", "/files", json=body), 400, "InvalidFileName", *words)
    assert error["target"] == "files[1].fileName"
    assert api.call("GET", f"/files?sessionId={session_id}").json()["files"] == []


@pytest.mark.parametrize(
    ("method", "name"),
    [
        *product(["GET", "PUT", "DELETE"], ["a%2Fb.txt", "..%2f..%2fetc%2fpasswd", "x" * 256]),
        *product(["PUT"], ["%5C", "a%0Ab"]),
    ],
)
def test_an_invalid_file_name_in_the_path_is_refused(api, session_id, method, name):
    """Encoded slashes and the like do not become paths."""
    refused(api.call(method, f"/files/{name}?sessionId={session_id}", data=b"x"), 400, "InvalidFileName")


def test_a_nul_in_the_path_is_refused_by_the_host(api, session_id):
    """As by the server of the real host."""
    assert api.call("GET", f"/files/a%00b?sessionId={session_id}").status_code == 400


@pytest.mark.parametrize("folder", ["..", "a/../b", "./a", "x" * 4097])
def test_an_invalid_folder_is_refused(api, session_id, folder):
    """A folder is relative to /mnt/data, and does not lead out of it."""
    response = api.call("GET", f"/files?sessionId={session_id}&folder={quote(folder)}")
    assert refused(response, 400, "InvalidFileName")["target"] == "folder"


def test_a_folder_with_a_name_that_is_too_long_is_refused(api, session_id):
    """The limit is in bytes for each name; the path may be longer. No such folder exists, so that its list is empty."""
    for folder in ("x" * 256, f"a/{'é' * 128}/b"):
        path = f"sessionId={session_id}&folder={quote(folder)}"
        response = api.call("PUT", f"/files/a.txt?{path}", data=b"x")
        assert refused(response, 400, "InvalidFileName", "255 bytes")["target"] == "folder"
        assert api.call("GET", f"/files?{path}").json()["files"] == []
    response = api.call("PUT", f"/files/a.txt?sessionId={session_id}&folder={'x' * 255}/{'é' * 127}", data=b"x")
    assert response.status_code == 200


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("a.xlsx", "vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        ("a.csv.gz", "octet-stream"),
        ("a", "octet-stream"),
    ],
)
def test_content_types_are_the_same_on_every_machine(api, session_id, name, kind):
    """They do not depend on the machine's own tables."""
    api.call("PUT", f"/files/{name}?sessionId={session_id}", data=b"x")
    response = api.call("GET", f"/files/{name}?sessionId={session_id}")
    assert response.json()["contentType"] == f"application/{kind}"


@pytest.mark.parametrize("name", ["a b.csv", "Übersicht Café.xlsx", "x@$&=;,#%^().txt", "日本語.txt", "-._.", ".env"])
def test_every_valid_name_can_be_used_in_all_operations(api, session_id, name):
    """It is stored, listed, read, downloaded and deleted."""
    path = f"/files/{quote(name, safe='')}"
    stored = api.call("PUT", f"{path}?sessionId={session_id}", data=name.encode())
    assert stored.status_code == 200, stored.text
    assert [file["fileName"] for file in api.call("GET", f"/files?sessionId={session_id}").json()["files"]] == [name]
    assert api.call("GET", f"{path}/content?sessionId={session_id}").content == name.encode()
    assert base64.b64decode(api.call("GET", f"{path}?sessionId={session_id}").json()["fileContent"]) == name.encode()
    assert api.call("DELETE", f"{path}?sessionId={session_id}").status_code == 204


# ---- content


@pytest.mark.parametrize(
    ("content", "stored"),
    [
        ("aGVsbG8=", b"hello"),
        ("aGVs\r\nbG8=\n", b"hello"),
        ("", b""),
        ("  aGVs\r\n  bG8=\n", b"hello"),
        ("aGVsbG8", b"hello"),
        ("YWJjZGVmZw", b"abcdefg"),
        ("__79_A", b"\xff\xfe\xfd\xfc"),
        ("-_-_", b"\xfb\xff\xbf"),
        ("_w==", b"\xff"),
        ("data:text/plain;base64,aGVsbG8=", b"hello"),
        ("data:application/octet-stream;base64,__79_A", b"\xff\xfe\xfd\xfc"),
        ("data:text/plain,a%20b", b"a b"),
        ("data:text/plain,as it is: \u00e9, 100%25\nand +", "as it is: \u00e9, 100%\nand +".encode()),
        ("DATA:text/plain;BASE64,aGVsbG8%3D", b"hello"),
        ({"$content-type": "text/csv", "$content": "aGVsbG8="}, b"hello"),
        ('{"$content-type": "text/csv", "$content": "aGVsbG8="}', b"hello"),
        (base64.b64encode(b'{ "$content": "aGVsbG8", "$content-type": "text/csv" }').decode(), b"hello"),
        (base64.b64encode(b'{"$content": "aGVsbG8="}').decode(), b'{"$content": "aGVsbG8="}'),
        (base64.b64encode(b"aGVsbG8=").decode(), b"aGVsbG8="),
    ],
    ids=[
        "plain",
        "lines",
        "empty",
        "indented-lines",
        "no-padding",
        "no-padding-letters",
        "for-urls-no-padding",
        "for-urls",
        "for-urls-padding",
        "data-uri",
        "data-uri-for-urls",
        "data-uri-text",
        "data-uri-text-as-it-is",
        "data-uri-capitals",
        "logic-apps",
        "logic-apps-text",
        "logic-apps-encoded-again",
        "almost-logic-apps",
        "base64-of-base64",
    ],
)
def test_content_may_have_several_forms(api, session_id, content, stored):
    """Base64 of either alphabet, with or without padding, the file object of Logic Apps in any form, and data URIs."""
    body = {"sessionId": session_id, "files": [{"fileName": "x.bin", "fileContent": content}]}
    assert api.call("POST", "/files", json=body).status_code == 200
    assert api.call("GET", f"/files/x.bin/content?sessionId={session_id}").content == stored


@pytest.mark.parametrize(
    "content",
    [
        "hello world!",
        "hello world",
        "a,b\n1,2",
        "aGVsbG8==x",
        "abcde",
        "aGVs bG8=",
        "aGVsbG9",
        "a-+b",
        "hello worlds",
        "hello\nworlds",
        "abc",
        "Hello",
        "SKU-1040",
        "my-files",
        "report_2026",
        "6f1f0c1e-9d2b-4a7e-b8a3-1c5d7e9f0a2b",
        "20261127001",
        "a/b",
        "data:text/plain;base64",
        "data:,%E4%zz",
        "é",
        '{"$content-type": "text/csv", "$content": "a,b"}',
    ],
)
def test_content_that_is_not_base64_is_refused(api, session_id, content):
    """Nor may it be plain text that happens to be base64 without padding: words, names, numbers and IDs."""
    body = {"sessionId": session_id, "files": [{"fileName": "x.txt", "fileContent": content}]}
    assert refused(api.call("POST", "/files", json=body), 400, "InvalidFileContent")["target"] == "files[0].fileContent"
    assert api.call("GET", f"/files?sessionId={session_id}").json()["files"] == []


# ---- multipart


def test_multipart_has_several_files_and_fields(api, session_id):
    """Files are named `file`, and fields are named as the members of the JSON body."""
    parts = [("file", ("a.txt", b"A")), ("file", ("/mnt/data/b.txt", b"B"))]
    response = api.call("POST", "/files", files=parts, data={"sessionId": session_id, "folder": "in"})
    assert response.status_code == 200, response.text
    assert [(file["fileName"], file["folder"], file["size"]) for file in response.json()["files"]] == [
        ("a.txt", "in", 1),
        ("b.txt", "in", 1),
    ]


def test_multipart_is_checked_like_json(api):
    """Unknown parts, missing files, invalid ids and invalid names are the same errors."""
    file = ("file", ("a.txt", b"A"))
    refused(api.call("POST", "/files", files=[("other", ("a", b"A"))]), 400, "InvalidRequest", "other")
    refused(api.call("POST", "/files", files=[file], data={"dir": "x"}), 400, "InvalidRequest", "dir")
    refused(api.call("POST", "/files", files={"sessionId": (None, "abcd")}), 400, "InvalidRequest", "file")
    refused(api.call("POST", "/files", files=[file], data={"sessionId": "a b"}), 400, "InvalidSessionId")
    refused(api.call("POST", "/files", files=[("file", ("a\\b", b"A"))]), 400, "InvalidFileName")
    refused(api.call("POST", "/files", files=[file, file]), 400, "InvalidRequest", "a.txt", "Duplicate")
    refused(api.call("POST", "/files", files=[file, ("file", (None, "x"))]), 400, "InvalidRequest", "filename")
    duplicate = [file, ("folder", (None, "a")), ("folder", (None, "b"))]
    refused(api.call("POST", "/files", files=duplicate), 400, "InvalidRequest", "folder", "Duplicate")
    nameless = b'--x\r\nContent-Disposition: form-data; filename="a"\r\n\r\nA\r\n--x--\r\n'
    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    refused(api.call("POST", "/files", data=nameless, headers=headers), 400, "InvalidRequest")
    headers = {"Content-Type": "multipart/form-data"}
    refused(api.call("POST", "/files", data=b"x", headers=headers), 400, "InvalidRequest", "boundary")


# ---- files


def test_a_file_that_does_not_exist_is_not_found(api, session_id):
    """For all operations on a file; the message says what to do."""
    for method, path in (("GET", "/files/no.txt"), ("GET", "/files/no.txt/content"), ("DELETE", "/files/no.txt")):
        refused(api.call(method, f"{path}?sessionId={session_id}"), 404, "FileNotFound", "no.txt", "ListFiles")
    assert api.call("HEAD", f"/files/no.txt/content?sessionId={session_id}").status_code == 404


@pytest.mark.parametrize(
    ("requested", "status", "content", "content_range"),
    [
        ("bytes=2-4", 206, b"234", "bytes 2-4/10"),
        ("bytes=7-", 206, b"789", "bytes 7-9/10"),
        ("bytes=-3", 206, b"789", "bytes 7-9/10"),
        ("bytes=-99", 206, b"0123456789", "bytes 0-9/10"),
        ("bytes=8-99", 206, b"89", "bytes 8-9/10"),
        ("bytes=0-0,5-6", 200, b"0123456789", None),
        ("lines=1-2", 200, b"0123456789", None),
        ("bytes=5-2", 200, b"0123456789", None),
        ("bytes=-", 200, b"0123456789", None),
    ],
)
def test_a_range_is_served(api, session_id, requested, status, content, content_range):
    """One range gets 206; several, and what is not a range, the complete file (RFC 9110, section 14.2)."""
    api.call("PUT", f"/files/x.bin?sessionId={session_id}", data=b"0123456789")
    response = api.call("GET", f"/files/x.bin/content?sessionId={session_id}", headers={"Range": requested})
    assert (response.status_code, response.content) == (status, content)
    assert response.headers.get("Content-Range") == content_range


@pytest.mark.parametrize("requested", ["bytes=0-" + "9" * 5000, "bytes=" + "9" * 5000 + "-", "bytes=٣-٤"])
def test_an_invalid_range_is_ignored(api, session_id, requested):
    """The response is the complete file."""
    api.call("PUT", f"/files/x.bin?sessionId={session_id}", data=b"0123456789")
    headers = {"Range": requested.encode()}
    response = api.call("GET", f"/files/x.bin/content?sessionId={session_id}", headers=headers)
    assert (response.status_code, response.content) == (200, b"0123456789")


@pytest.mark.parametrize("requested", ["bytes=10-", "bytes=-0"])
def test_a_range_after_the_end_is_refused(api, session_id, requested):
    """The response has the file's size."""
    api.call("PUT", f"/files/x.bin?sessionId={session_id}", data=b"0123456789")
    response = api.call("GET", f"/files/x.bin/content?sessionId={session_id}", headers={"Range": requested})
    refused(response, 416, "RangeNotSatisfiable")
    assert response.headers["Content-Range"] == "bytes */10"


def test_a_download_is_never_shown_as_a_page(api, session_id):
    """The file keeps its type, and a browser saves it instead of running it."""
    api.call("PUT", f"/files/é.html?sessionId={session_id}", data=b"<script>")
    response = api.call("GET", f"/files/é.html/content?sessionId={session_id}")
    assert response.headers["Content-Type"] == "text/html"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Content-Disposition"] == "attachment; filename=\"_.html\"; filename*=UTF-8''%C3%A9.html"


def test_head_has_the_headers_of_a_download(api, session_id):
    """Without the bytes."""
    api.call("PUT", f"/files/x.csv?sessionId={session_id}", data=b"0123456789")
    response = api.call("HEAD", f"/files/x.csv/content?sessionId={session_id}")
    assert response.status_code == 200
    assert response.content == b""
    assert response.headers["Content-Length"] == "10"
    assert response.headers["Accept-Ranges"] == "bytes"
    assert response.headers["Content-Type"] == "text/csv"


def test_upload_file_refuses_chunked_uploads(api, session_id):
    """The message refers to PutFile."""
    headers = {"x-ms-transfer-mode": "chunked", "x-ms-content-length": "100"}
    refused(api.call("POST", "/files", headers=headers), 400, "InvalidRequest", "PutFile")


# ---- the pool behind it


def test_a_missing_role_is_named(start_pool, start_connector):
    """An identity without the role is a 403."""
    connector = start_connector(**start_pool(role_held=False).environment)
    refused(connector.call("GET", "/connection"), 403, "SessionExecutorRoleMissing", "Session Executor", "minutes")


def test_a_full_pool_is_too_many_sessions(start_pool, start_connector, monkeypatch):
    """429 with Retry-After."""
    monkeypatch.setattr("connector.app.DEADLINES", Deadlines(hand_over_seconds=0.3))
    connector = start_connector(**start_pool(max_sessions=1).environment)
    first = connector.execute("1")
    response = connector.call("POST", "/executions", json={"pythonCode": "1"})
    refused(response, 429, "TooManySessions", "in use")
    assert int(response.headers["Retry-After"]) > 0
    connector.call("DELETE", f"/sessions/{first['sessionId']}")
    assert connector.execute("2")["result"] == "2"


def test_a_pool_that_is_down_is_unreachable(start_connector, emulator, monkeypatch):
    """502; the message names the setting to check."""
    monkeypatch.setattr("connector.app.DEADLINES", Deadlines(hand_over_seconds=0.3, retry_pause_seconds=0))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {**emulator.environment, "POOL_MANAGEMENT_ENDPOINT": f"http://127.0.0.1:{port}/sessionPools/p"}
    connector = start_connector(**environment)
    for response in (
        connector.call("POST", "/executions", json={"pythonCode": "1"}),
        connector.call("GET", "/connection"),
        connector.call("POST", "/files", json={"files": [{"fileName": "a", "fileContent": ""}]}),
    ):
        refused(response, 502, "PoolUnreachable", "POOL_MANAGEMENT_ENDPOINT")


def test_a_slow_pool_is_a_timeout(start_connector, emulator, faulty_pool, reply, monkeypatch):
    """A read is a 504; a run, which the pool continues, a 200 with status Unknown."""
    monkeypatch.setattr("connector.app.DEADLINES", Deadlines(read_seconds=0.1, response_margin_seconds=0))
    pool = faulty_pool(reply(after_seconds=1.5))
    connector = start_connector(**{**emulator.environment, "POOL_MANAGEMENT_ENDPOINT": pool.url})
    refused(connector.call("GET", "/connection"), 504, "PoolTimeout", "Try again")
    assert connector.execute("1", timeoutInSeconds=1)["status"] == "Unknown"


def test_a_response_that_cannot_be_understood(start_connector, emulator, faulty_pool, reply):
    """Reads are a 502; a run, which may have happened, is a 200 with status Unknown and a hint."""
    pool = faulty_pool(reply(body=b"<html>secret</html>"))
    connector = start_connector(**{**emulator.environment, "POOL_MANAGEMENT_ENDPOINT": pool.url})
    response = connector.call("GET", "/connection")
    refused(response, 502, "PoolRejected")
    assert "secret" not in response.text
    lost = connector.execute("1")
    assert lost["status"] == "Unknown"
    assert lost["result"] == ""
    assert "GetExecution" in lost["error"]["hint"]
    assert uuid.UUID(lost["executionId"])


def test_without_settings_the_missing_one_is_named(start_connector):
    """The app starts and is healthy; each operation names the missing setting."""
    connector = start_connector()
    assert connector.call("GET", "/health").json() == {"status": "Healthy"}
    refused(connector.call("GET", "/connection"), 500, "InternalError", "POOL_MANAGEMENT_ENDPOINT")


def test_a_bug_is_reported_with_its_request_id(api, monkeypatch, caplog):
    """The response has no stack trace; the log has it under the request id."""

    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("inner secret")

    monkeypatch.setattr("connector.connection.check_connection", broken)
    response = api.call("GET", "/connection")
    request_id = response.headers["x-ms-request-id"]
    refused(response, 500, "InternalError", request_id)
    assert "secret" not in response.text
    (record,) = (record for record in caplog.records if request_id in record.getMessage())
    assert record.stack.endswith(" broken")
    assert record.levelname == "ERROR" and "secret" not in caplog.text


# ---- the emulator's guard


@pytest.mark.parametrize("header", [{"Host": "connector.example"}, {"Origin": "https://page.example"}])
def test_a_web_page_cannot_reach_the_emulator(api, emulator, header):
    """Connector and pool refuse a foreign Host or Origin before anything runs."""
    for url in (f"{api.url}/executions", f"{emulator.pool.endpoint}/metadata"):
        parts = urlsplit(url)
        connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=10)
        connection.request("POST", parts.path, b'{"pythonCode": "1"}', {**JSON, **header})
        response = connection.getresponse()
        assert response.status == 403
        assert json.loads(response.read())["error"]["code"] == "Forbidden"
        connection.close()


def test_the_document_has_the_address_of_the_app(api):
    """servers[0] is where the operations are."""
    assert api.call("GET", "/openapi.json").json()["servers"] == [{"url": api.url}]


@pytest.mark.parametrize("path", ["/openapi.json/", "/OpenAPI.json"])
def test_the_documents_address_does_not_depend_on_the_request(api, path):
    """The host ignores case, and a slash at the end."""
    assert api.call("GET", path).json()["servers"] == [{"url": api.url}]


def test_the_document_ignores_the_host_header(api):
    """The address is the platform's."""
    response = api.call("GET", "/openapi.json", headers={"Host": "localhost:1"})
    assert response.json()["servers"] == [{"url": api.url}]


def test_words_of_a_list_may_have_another_case(api, session_id):
    """In bodies and in queries: generated clients send the names of an enumeration, such as NSwag's Auto."""
    run = api.execute("print('x')", session_id, includeContent="Never")
    query = {"sessionId": session_id, "includeContent": "AUTO"}
    assert api.call("GET", f"/executions/{run['executionId']}", params=query).json()["stdout"] == "x\n"
    response = api.call("GET", f"/executions/{run['executionId']}", params={**query, "includeContent": "some"})
    refused(response, 400, "InvalidRequest", "auto", "never")


def test_a_missing_file_content_names_what_power_apps_does(api):
    """It omits a text where a file belongs, without a word: the maker sees this error alone."""
    error = refused(api.call("POST", "/files", json={"files": [{"fileName": "a.txt"}]}), 400, "InvalidFileContent")
    assert "Power Apps" in error["message"] and error["target"] == "files[0].fileContent"

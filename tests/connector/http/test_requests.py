"""Mistakes that would be stored, or misread, without a word; each message names the remedy."""

import base64
import json

import pytest

FORM = "multipart/form-data; boundary=x"
WRAPPED = {"$content-type": "text/x-python", "$content": base64.b64encode(b"6 * 7").decode()}


def refused(response, status: int, *words: str) -> None:
    assert response.status_code == status, response.text
    for word in words:
        assert word in response.json()["error"]["message"], response.text


@pytest.mark.parametrize(
    "path",
    [
        "/files?sessionId={0}&sessionId={0}",
        "/files?sessionId={0}&folder=a&folder=b",
        "/files?sessionId={0}&maxItems=5&maxItems=",
        "/files/a.txt/content?sessionId={0}&folder=a&folder=a",
        "/executions/abcd?sessionId={0}&sessionId={0}",
        "/connection?x=1&x=2",
    ],
)
def test_a_query_parameter_that_is_sent_twice_is_refused(api, session_id, path):
    """The host joins the values with a comma: a list of the folder `a,b` would be empty."""
    refused(api.call("GET", path.format(session_id)), 400, "Duplicate query parameter", "Send it once.")


def test_a_parameter_of_a_gateway_may_be_sent_twice(api, session_id):
    """It is none of the connector's."""
    assert api.call("GET", f"/files?sessionId={session_id}&api-version=1&api-version=2").status_code == 200


@pytest.mark.parametrize("path", ["/files/a.txt?sessionId={}&path=x", "/executions/x?sessionId={}&path=x"])
def test_a_parameter_of_the_route_is_not_suggested_for_the_query(api, session_id, path):
    """It cannot be sent there."""
    response = api.call("GET", path.format(session_id))
    refused(response, 400, "Unknown query parameter")
    assert not {"fileName", "executionId"} & set(
        response.json()["error"]["message"].replace(",", "").rstrip(".").split()
    )


def test_a_chunk_does_not_replace_the_file(api, session_id):
    """A Content-Range of a PUT must not be ignored (RFC 9110, section 14.5)."""
    path = f"/files/a.txt?sessionId={session_id}"
    api.call("PUT", path, data=b"complete")
    refused(
        api.call("PUT", path, data=b"com", headers={"Content-Range": "bytes 0-2/8"}), 400, "Content-Range", "chunked"
    )
    assert api.call("GET", f"/files/a.txt/content?sessionId={session_id}").content == b"complete"


def test_a_form_is_not_stored_as_a_file(api, session_id):
    """PutFile stores the body as it is."""
    refused(api.call("PUT", f"/files/a.txt?sessionId={session_id}", files={"file": b"x"}), 415, "form", "UploadFile")


def test_put_and_patch_name_another_compression(api, session_id):
    """415 is a status of both operations."""
    headers = {"Content-Encoding": "br"}
    refused(api.call("PUT", f"/files/a.txt?sessionId={session_id}", data=b"x", headers=headers), 415, "gzip")
    begin = {"x-ms-transfer-mode": "chunked", "x-ms-content-length": "1"}
    location = api.call("PUT", f"/files/a.txt?sessionId={session_id}", headers=begin).headers["Location"]
    headers["Content-Range"] = "bytes 0-0/1"
    refused(api.call("PATCH", location[location.index("/uploads") :], data=b"x", headers=headers), 415, "gzip")


@pytest.mark.parametrize(
    ("encoding", "content", "stored"),
    [
        ("base64", b"aGVs\r\nbG8=\r\n", b"hello"),
        ("BASE64", b"", b""),
        ("binary", b"aGVsbG8=", b"aGVsbG8="),
        ("base64", b"hello", None),
        ("quoted-printable", b"=41", None),
    ],
)
def test_an_encoded_part_is_decoded_or_refused(api, session_id, encoding, content, stored):
    """Never stored as the text that encodes it."""
    part = f'--x\r\nContent-Disposition: form-data; name="sessionId"\r\n\r\n{session_id}\r\n'
    part += '--x\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n'
    part += f"Content-Transfer-Encoding: {encoding}\r\n\r\n"
    body = part.encode() + content + b"\r\n--x--\r\n"
    response = api.call("POST", "/files", data=body, headers={"Content-Type": FORM})
    if stored is None:
        refused(response, 400, "Content-Transfer-Encoding", "as they are")
    else:
        assert api.call("GET", f"/files/a.txt/content?sessionId={session_id}").content == stored


@pytest.mark.parametrize("content", [" bcd", "abc ", " bcdefg", "abcdef "])
def test_base64_whose_plus_became_a_space_is_refused(api, session_id, content):
    """Without it, the rest would be base64 without padding, of other bytes."""
    body = {"sessionId": session_id, "files": [{"fileName": "a.bin", "fileContent": content}]}
    refused(api.call("POST", "/files", json=body), 400, "not base64")


@pytest.mark.parametrize(
    ("path", "body", "words"),
    [
        ("/executions", {"pythonCode": WRAPPED}, ["pythonCode is an object", "base64ToString"]),
        ("/executions", {"pythonCode": ["a"]}, ["pythonCode is a list", "Send text."]),
        ("/executions", {"body": {"pythonCode": "1"}}, ["without body around them"]),
        ("/executions", {"properties": {"code": "1"}}, ["without properties around them"]),
        ("/executions", {"metadata": {"user": "1"}}, ["Remove it"]),
        ("/files", {"files": [{"fileName": "a.json", "fileContent": {"a": 1}}]}, ["base64(string(...))"]),
        ("/files", {"files": [{"fileName": "a.json", "fileContent": [1]}]}, ["base64(string(...))"]),
        ("/files", {"files": [{"fileName": WRAPPED, "fileContent": ""}]}, ["base64ToString"]),
    ],
)
def test_objects_of_workflows_are_named_with_their_expression(api, path, body, words):
    """A workflow parses the JSON that it reads, and wraps other files."""
    refused(api.call("POST", path, data=json.dumps(body), headers={"Content-Type": "application/json"}), 400, *words)


def test_the_unit_of_a_range_may_have_any_case(api, session_id):
    """RFC 9110, section 14.1."""
    api.call("PUT", f"/files/a.txt?sessionId={session_id}", data=b"0123")
    response = api.call("GET", f"/files/a.txt/content?sessionId={session_id}", headers={"Range": "Bytes=1-2"})
    assert (response.status_code, response.content) == (206, b"12")


def test_an_empty_body_has_no_members(api):
    """Importers for agents send it when a model gives no arguments. What needs some states which."""
    restored = api.call("POST", "/workspaces/weekly-report/restore")
    assert restored.json()["error"]["code"] == "StorageNotConfigured"
    refused(api.call("POST", "/imports"), 400, "ImportFile takes one source")
    refused(api.call("POST", "/executions"), 400, "The body is empty", "pythonCode")

"""URLs that need no key: their token is a query parameter, or in the path, as in earlier versions."""

import requests

from tests.conftest import Api


def in_path(url: str) -> str:
    """The URL as earlier versions returned it."""
    assert url.count("?token=") == 1
    return url.replace("?token=", "/")


def test_a_poll_accepts_its_token_in_query_and_path(api_with_key: Api, session_id: str) -> None:
    """And the URL in the response has it in the query again."""
    body = {"pythonCode": "import time; time.sleep(60)", "sessionId": session_id, "waitInSeconds": 0}
    started = requests.post(
        f"{api_with_key.url}/executions", json=body, headers={"x-functions-key": api_with_key.key or ""}, timeout=60
    )
    location = started.headers["Location"]
    for url in (location, in_path(location)):
        polled = requests.get(url, timeout=60)
        assert polled.status_code == 202
        assert polled.headers["Location"].startswith(f"{api_with_key.url}/polls?token=")


def test_an_upload_accepts_its_token_in_query_and_path(api: Api, session_id: str) -> None:
    """For each of its operations."""
    headers = {"x-ms-transfer-mode": "chunked", "x-ms-content-length": "3"}
    location = api.call("PUT", f"/files/a.txt?sessionId={session_id}", headers=headers).headers["Location"]
    sent = requests.patch(in_path(location), b"a", headers={"Content-Range": "bytes=0-0/3"}, timeout=60)
    assert (sent.status_code, sent.headers["Range"]) == (200, "bytes=0-0")
    sent = requests.patch(location, b"b", headers={"Content-Range": "bytes=1-1/3"}, timeout=60)
    assert (sent.status_code, sent.headers["Range"]) == (200, "bytes=0-1")
    assert requests.get(in_path(location), timeout=60).headers["Range"] == "bytes=0-1"
    assert requests.delete(in_path(location), timeout=60).status_code == 204


def test_a_list_accepts_its_token_in_query_and_path(api: Api, session_id: str) -> None:
    """With the same page."""
    files = [{"fileName": name, "fileContent": ""} for name in "abc"]
    assert api.call("POST", "/files", json={"sessionId": session_id, "files": files}).ok
    link = api.call("GET", f"/files?sessionId={session_id}&maxItems=1").json()["nextLink"]
    for url in (link, in_path(link)):
        assert [file["fileName"] for file in requests.get(url, timeout=60).json()["files"]] == ["b"]


def test_without_a_token_the_error_states_it(api: Api) -> None:
    """Or that the upload is not found."""
    for path in ("/polls", "/listings"):
        refused = api.call("GET", path)
        assert (refused.status_code, refused.json()["error"]["target"]) == (400, "token")
    assert api.call("GET", "/uploads").status_code == 404

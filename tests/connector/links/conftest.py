"""Callers of ShareFile, with and without storage."""

from typing import Any
from urllib.parse import quote

import requests

from connector.links.addresses import link_not_found
from tests.conftest import Api

ROWS = b"region,amount\nNorth,42\n"


def put(api: Api, session_id: str, name: str = "sales.csv", content: bytes = ROWS, folder: str = "") -> None:
    body = {"sessionId": session_id, "folder": folder, "files": [{"fileName": name, "fileContent": ""}]}
    if content:
        response = api.call(
            "POST", "/files", data={"sessionId": session_id, "folder": folder}, files={"file": (name, content)}
        )
    else:
        response = api.call("POST", "/files", json=body)
    assert response.status_code == 200, response.text


def share(api: Api, session_id: str, name: str = "sales.csv", **members: Any) -> requests.Response:
    body = {"sessionId": session_id, **members}
    return api.call("POST", f"/files/{quote(name, safe='')}/links", json=body)


def link_to(api: Api, session_id: str, name: str = "sales.csv", **members: Any) -> str:
    """The link, relative to the address of the operations."""
    shared = share(api, session_id, name, **members)
    assert shared.status_code == 200, shared.text
    url: str = shared.json()["fileUrl"]
    assert url.startswith(f"{api.url}/shared/")
    return url.removeprefix(api.url)


def is_over(response: requests.Response) -> bool:
    """Whether it is the response to every link that does not work."""
    if (response.status_code, response.headers["x-ms-error-code"]) != (404, "LinkNotFound"):
        return False
    return not response.content or response.json()["error"] == {
        "code": "LinkNotFound",
        "message": link_not_found().message,
    }


def session_exists(api: Api, session_id: str) -> bool:
    return api.call("GET", f"/sessions/{session_id}").status_code == 200

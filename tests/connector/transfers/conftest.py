"""Callers of transfers, and small parts."""

import pytest
import requests

from connector.transfers import transfer
from tests.conftest import Api

PART = 100_000


@pytest.fixture
def small_parts(monkeypatch: pytest.MonkeyPatch) -> int:
    """The bytes of a part, so that small files have several."""
    monkeypatch.setattr(transfer, "PART_BYTES", PART)
    return PART


def stored(api: Api, session_id: str, name: str, folder: str = "") -> bytes:
    """A file of the session."""
    path = f"/files/{name}/content?sessionId={session_id}&folder={folder}"
    response = api.call("GET", path)
    assert response.status_code == 200, response.text
    return response.content


def own_files(api: Api, session_id: str) -> list[str]:
    """All files of the session, also the connector's own, but not the mark of an upload that is complete."""
    files = api.call("GET", f"/files?sessionId={session_id}&recursive=true").json()["files"]
    own = api.call("GET", f"/files?sessionId={session_id}&folder=_transfers&recursive=true").json()["files"]
    return [file["fileName"] for file in files + own if file["fileName"] != "complete"]


def error_of(response: requests.Response) -> str:
    return str(response.json()["error"]["code"])

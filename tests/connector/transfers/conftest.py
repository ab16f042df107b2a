"""Callers of transfers, and small parts."""

from collections.abc import Callable
from typing import Any

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


@pytest.fixture
def poll_to_end() -> Callable[[requests.Response], list[requests.Response]]:
    """Follows Location as a workflow's engine does. Returns all responses, the first one too."""

    def poll(response: requests.Response, **request: Any) -> list[requests.Response]:
        found = [response]
        while found[-1].status_code == 202:
            assert "Retry-After" in found[-1].headers
            found.append(requests.get(found[-1].headers["Location"], timeout=120))
        return found

    return poll


def stored(api: Api, session_id: str, name: str, folder: str = "") -> bytes:
    """A file of the session."""
    path = f"/files/{name}/content?sessionId={session_id}&folder={folder}"
    response = api.call("GET", path)
    assert response.status_code == 200, response.text
    return response.content

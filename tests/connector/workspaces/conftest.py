"""Names of workspaces, where they are in storage, and polls to the end."""

import hashlib
import uuid
from collections.abc import Callable

import pytest
import requests

from tests.connector.transfers.conftest import small_parts

__all__ = ["small_parts"]


@pytest.fixture
def workspace_id() -> str:
    """That of a workspace that no other test uses."""
    return f"test-{uuid.uuid4().hex[:12]}"


@pytest.fixture
def poll_to_end() -> Callable[[requests.Response], list[requests.Response]]:
    """Follows Location as a workflow's engine does. Returns all responses, the first one too."""

    def poll(response: requests.Response) -> list[requests.Response]:
        found = [response]
        while found[-1].status_code == 202:
            assert "Retry-After" in found[-1].headers
            found.append(requests.get(found[-1].headers["Location"], timeout=60))
        return found

    return poll


def blob_of(workspace_id: str) -> str:
    """The name of a workspace's blob, for callers with function keys."""
    return f"workspaces/{hashlib.sha256(b'').hexdigest()}/{workspace_id}.tar"

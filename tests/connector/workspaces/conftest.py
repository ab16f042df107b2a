"""Names of workspaces, and where they are in storage."""

import hashlib
import uuid

import pytest

from tests.connector.transfers.conftest import poll_to_end, small_parts

__all__ = ["poll_to_end", "small_parts"]


@pytest.fixture
def workspace_id() -> str:
    """That of a workspace that no other test uses."""
    return f"test-{uuid.uuid4().hex[:12]}"


def blob_of(workspace_id: str) -> str:
    """The name of a workspace's blob, for callers with function keys."""
    return f"workspaces/{hashlib.sha256(b'').hexdigest()}/{workspace_id}.tar"

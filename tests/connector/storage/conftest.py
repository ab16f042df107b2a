"""Containers of the emulator's storage, and of servers that answer as tests let them."""

import contextlib
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from connector.outbound.deadlines import Deadlines
from connector.storage.containers import Container
from emulator.blob_storage.roles import CONTRIBUTOR, Assignment
from emulator.blob_storage.server import AUDIENCE
from emulator.session_pool.wire.tokens import TokenAuthority
from tests.conftest import Storage, emulated_storage

pytest.register_assert_rewrite("tests.connector.storage.container_cases")

QUICK = Deadlines(
    operation_seconds=2,
    read_seconds=0.5,
    connect_seconds=0.5,
    retry_pause_seconds=0.001,
    longest_retry_pause_seconds=0.5,
)
"""For tests of faults, in which calls wait."""


class Credential:
    """Tokens of an authority; `renewed` has those that were rejected."""

    def __init__(self, authority: TokenAuthority, audience: str = AUDIENCE) -> None:
        self._authority, self._audience = authority, audience
        self.renewed: list[str] = []

    def token(self, deadline: object = None) -> str:
        return self._authority.issue(self._audience)[0]

    def renew(self, rejected: str) -> bool:
        self.renewed.append(rejected)
        return len(self.renewed) < 2


@pytest.fixture(scope="session")
def account() -> Iterator[Storage]:
    """A storage account of the emulator, without a session pool, on all of which the connector has a role."""
    with emulated_storage(TokenAuthority(), roles=[Assignment(CONTRIBUTOR)]) as running:
        yield running


@pytest.fixture
def open_container(account: Storage) -> Callable[..., Container]:
    """Returns a function that makes a Container; `account` by default, and `files` in it."""

    def open_(
        url: str | None = None, account: Storage = account, audience: str = AUDIENCE, **options: Any
    ) -> Container:
        credential = Credential(account.server.authority, audience)
        return Container(url or account.server.container_url("files"), credential, **options)

    return open_


@pytest.fixture
def container(open_container: Callable[..., Container]) -> Container:
    return open_container()


@pytest.fixture
def start_storage_alone() -> Iterator[Callable[..., Storage]]:
    """Returns a function that starts another account, without a session pool, until the end of the test."""
    with contextlib.ExitStack() as running:
        yield lambda authority, **options: running.enter_context(emulated_storage(authority, **options))


@pytest.fixture
def name() -> str:
    """Of a blob that no other test uses."""
    return f"{uuid.uuid4().hex}/data.csv"

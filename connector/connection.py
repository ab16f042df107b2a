"""CheckConnection: whether the connector can work, and what is missing if not."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from functools import partial
from typing import Literal, TypeVar

from .errors import ConnectorError
from .models import Connection, Isolation, Package, PoolConnection, StorageConnection
from .outbound.deadlines import Deadline
from .session_pool.client import SessionPoolClient
from .session_pool.sessions import CallerSessions
from .session_pool.wire import Metadata
from .settings import Settings
from .storage.access import check_access
from .storage.containers import Container
from .storage.storage import Storage

_NO_KEY = (
    "The setting SIGNING_KEY is missing: workflows cannot poll background runs, which needs addresses without a "
    "function key, and files cannot be uploaded in chunks."
)
_AVAILABLE = "The session pool was reached, and accepted the connector's token and role."

_USABLE: dict[str, str] = {
    "Files": "The container was reached, and files can be stored in it.",
    "Imports": "The container was reached, and files can be imported from it.",
}

_MOST_NAMES = 3
"""Packages that the message names where the pools differ."""

_A = TypeVar("_A")
_B = TypeVar("_B")

Answers = dict[SessionPoolClient, Metadata | ConnectorError]


def check_connection(sessions: CallerSessions, storage: Storage, settings: Settings) -> Connection:
    """Requests the metadata of all pools at once, which requires a connection, a token and the role; and checks the
    containers of storage at the same time. Starts no session, and stores nothing.

    One pool that can be used is sufficient. Raises the error of the first pool if none can be.
    """
    pools = list(sessions.pools)
    metadata, containers = _at_once(
        [partial(_ask, pool, sessions.deadline) for pool in pools],
        _checks_of_containers(storage, signs=settings.link_delivery == "redirect"),
    )
    answers = dict(zip(pools, metadata, strict=True))
    found = {pool: answer for pool, answer in answers.items() if isinstance(answer, Metadata)}
    if not found:
        raise _none_available(answers)
    installed = [each.runtimes + each.packages for each in found.values()]
    differing = _differing(installed)
    return Connection(
        message=" ".join(_sentences(answers, differing, containers, has_key=settings.signing_key is not None)),
        api_version=settings.pool_api_version,
        runtimes=_in_all([each.runtimes for each in found.values()]),
        packages=_in_all([each.packages for each in found.values()]),
        pools=[_state(pool, answer) for pool, answer in answers.items()],
        storage=containers,
    )


def _at_once(first: list[Callable[[], _A]], second: list[Callable[[], _B]]) -> tuple[list[_A], list[_B]]:
    """What each of the functions returns."""
    if len(first) + len(second) == 1:
        return [one() for one in first], [one() for one in second]
    with ThreadPoolExecutor(len(first) + len(second)) as executor:
        first_begun = [executor.submit(copy_context().run, one) for one in first]
        second_begun = [executor.submit(copy_context().run, one) for one in second]
    return [one.result() for one in first_begun], [one.result() for one in second_begun]


def _ask(pool: SessionPoolClient, deadline: Deadline | None) -> Metadata | ConnectorError:
    try:
        return pool.get_metadata(deadline)
    except ConnectorError as failure:
        return failure


def _checks_of_containers(storage: Storage, *, signs: bool) -> list[Callable[[], StorageConnection]]:
    imports = [partial(_check_container, container, "Imports") for container in storage.imports]
    if storage.files is None:
        return list(imports)
    return [partial(_check_container, storage.files, "Files", signs=signs), *imports]


def _check_container(
    container: Container, use: Literal["Files", "Imports"], *, signs: bool = False
) -> StorageConnection:
    try:
        check_access(container, writes=use == "Files", signs=signs)
    except ConnectorError as failure:
        return StorageConnection(container.url, use, is_available=False, message=failure.message)
    return StorageConnection(container.url, use, is_available=True, message=_USABLE[use])


def _sentences(
    answers: Answers, differing: list[str], containers: list[StorageConnection], *, has_key: bool
) -> Iterator[str]:
    available = sum(isinstance(answer, Metadata) for answer in answers.values())
    if len(answers) == 1:
        yield _AVAILABLE
    elif available == len(answers):
        yield f"All {available} session pools were reached, and accepted the connector's token and role."
    else:
        yield f"{available} of {len(answers)} session pools can be used. {_problems(answers)}"
    if differing:
        others = f" and {more} more" if (more := len(differing) - _MOST_NAMES) > 0 else ""
        yield f"The pools differ in what is installed: {', '.join(differing[:_MOST_NAMES])}{others}."
    for container in containers:
        if not container.is_available:
            yield f"The container {container.container_url} cannot be used: {container.message}"
    if not has_key:
        yield _NO_KEY


def _problems(answers: Answers) -> str:
    """Each with the pools that have it, by their numbers in the setting and their names."""
    numbers: dict[str, list[str]] = {}
    for number, (pool, answer) in enumerate(answers.items(), start=1):
        if isinstance(answer, ConnectorError):
            numbers.setdefault(answer.message, []).append(f"{number} ({pool.name})")
    return " ".join(
        f"{'Pools' if len(those) > 1 else 'Pool'} {', '.join(those)}: {message}" for message, those in numbers.items()
    )


def _none_available(answers: Answers) -> ConnectorError:
    failures = [answer for answer in answers.values() if isinstance(answer, ConnectorError)]
    first = failures[0]
    if len(failures) == 1:
        return first
    failure = type(first)(
        f"None of the {len(failures)} session pools can be used. {_problems(answers)}",
        details=tuple(failures),
        retry_after_seconds=first.retry_after_seconds,
    )
    failure.__cause__ = first.__cause__
    return failure


def _state(pool: SessionPoolClient, answer: Metadata | ConnectorError) -> PoolConnection:
    if isinstance(answer, ConnectorError):
        return PoolConnection(pool.name, pool.tag, is_available=False, message=answer.message)
    isolation = Isolation(*answer.isolation) if answer.isolation else None
    return PoolConnection(pool.name, pool.tag, is_available=True, message=_AVAILABLE, isolation=isolation)


def _in_all(lists: list[list[tuple[str, str]]]) -> list[Package]:
    """What every pool has, with the versions of the first."""
    names = [{name for name, _ in each} for each in lists]
    return [Package(name, version) for name, version in lists[0] if all(name in those for those in names)]


def _differing(lists: list[list[tuple[str, str]]]) -> list[str]:
    """The names that not every pool has in the same version."""
    same = set(lists[0]).intersection(*lists)
    return sorted({name for each in lists for name, version in each if (name, version) not in same}, key=str.lower)

"""Fixtures for all tests: the emulator, started once, and hosts for connectors with other settings."""

import contextlib
import os
import secrets
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote

import pytest
import requests

from connector.settings import SETTINGS
from emulator.blob_storage.roles import CONTRIBUTOR, Assignment
from emulator.blob_storage.server import AUDIENCE as STORAGE_AUDIENCE
from emulator.blob_storage.server import BlobStorageServer
from emulator.functions_host import FunctionsHost
from emulator.session_pool.engines.interface import ContainerType
from emulator.session_pool.engines.linux.engine import Engine
from emulator.session_pool.engines.portable.engine import PortableEngine
from emulator.session_pool.engines.shared.limits import Limits
from emulator.session_pool.sessions.pool import Pool
from emulator.session_pool.wire.identity_endpoint import IdentityEndpoint
from emulator.session_pool.wire.mcp import McpServer
from emulator.session_pool.wire.server import SessionPoolServer
from emulator.session_pool.wire.tokens import TokenAuthority
from tests.promised import promises

ROOT = Path(__file__).resolve().parents[1]


def pytest_configure() -> None:
    for name in ("NO_PROXY", "no_proxy"):  # all servers are on this machine, also where a proxy is configured
        os.environ[name] = ",".join(filter(None, (os.environ.get(name), "127.0.0.1", "localhost")))
    promises.watch()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup() -> Iterator[None]:
    yield
    promises.settle()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call() -> Iterator[None]:
    yield
    promises.settle()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown() -> Iterator[None]:
    yield
    promises.settle()


@dataclass(frozen=True)
class Api:
    """The connector as callers see it: a URL, calls relative to it, and the function key if it requires one."""

    url: str
    key: str | None = None

    def call(self, method: str, path: str, **request: Any) -> requests.Response:
        """The response, which `tests/promised.py` checks against openapi.yaml."""
        response = requests.request(method, f"{self.url}{path}", timeout=60, **request)
        assert response.status_code != 500 or response.content, "an exception reached the host"
        return response

    def execute(self, code: str, session_id: str | None = None, **members: Any) -> dict[str, Any]:
        """Run code. Returns the Execution."""
        body = {"pythonCode": code, "sessionId": session_id, **members}
        response = self.call("POST", "/executions", json=body)
        assert response.status_code == 200, response.text
        result: dict[str, Any] = response.json()
        return result


@contextmanager
def connector_with(
    *, require_keys: bool = False, chunked: Literal["drop", "pass"] = "drop", **environment: str
) -> Iterator[Api]:
    """A host for the connector, configured only by `environment`. `chunked` is what it does with bodies without a
    length."""
    before = dict(os.environ)
    for name in ("WEBSITE_HOSTNAME", *(setting.name for setting in SETTINGS)):  # set by another running host
        os.environ.pop(name, None)
    os.environ.update(environment)
    try:
        host = FunctionsHost(ROOT, require_keys=require_keys, chunked=chunked)
        host.start()
        # The app has read them. Programs that tests start meanwhile have settings of their own. The identity's
        # variables stay, because the app reads them with its first token.
        for setting in SETTINGS:
            os.environ.pop(setting.name, None)
        try:
            yield Api(host.url + host.prefix, host.function_key)
        finally:
            host.stop()
    finally:
        os.environ.clear()
        os.environ.update(before)


@pytest.fixture(scope="session", autouse=True)
def no_identity_but_the_emulators() -> None:
    """Prevents azure-identity from calling the metadata endpoint, as it does if no identity endpoint is set."""
    os.environ.setdefault("IDENTITY_ENDPOINT", "http://127.0.0.1:9/msi/token")
    os.environ.setdefault("IDENTITY_HEADER", "none")


@dataclass(frozen=True)
class Emulator:
    """A running session pool with an identity endpoint."""

    pool: SessionPoolServer
    authority: TokenAuthority
    environment: dict[str, str]
    identifiers: Callable[[], list[str]]
    """Of the sessions that the pool has now."""

    def end_session(self, identifier: str) -> None:
        query = {"api-version": "2025-10-02-preview", "identifier": identifier}
        headers = {"Authorization": f"Bearer {self.authority.issue()[0]}"}
        requests.delete(f"{self.pool.endpoint}/session", params=query, headers=headers, timeout=20)


@contextmanager
def emulated_pool(
    *,
    role_held: bool = True,
    cooldown: float = 300,
    data_bytes: int = Limits.data_bytes,
    container_type: ContainerType = "PythonLTS",
    portable: bool = False,
    mcp: bool = False,
    **options: Any,
) -> Iterator[Emulator]:
    """`data_bytes` is the size of a session's data folder; `options` are those of the pool. With `portable`, sessions
    have no isolation, and their data folder is elsewhere. With `mcp`, the pool has an MCP server.

    A pool of the container type "Shell" starts much sooner, for tests that run no Python.
    """
    authority = TokenAuthority(role_held=role_held)
    isolated = Engine(container_type, limits=Limits(data_bytes=data_bytes))
    engine = PortableEngine(container_type) if portable else isolated
    pool = Pool(engine, cooldown=timedelta(seconds=cooldown), **options)
    server = SessionPoolServer(pool, authority, mcp=McpServer() if mcp else None)
    identity = IdentityEndpoint(authority)
    server.start()
    identity.start()
    try:
        environment = {
            "POOL_MANAGEMENT_ENDPOINT": server.endpoint,
            "SIGNING_KEY": secrets.token_urlsafe(32),
            **identity.environment,
        }
        yield Emulator(server, authority, environment, pool.identifiers)
    finally:
        identity.stop()
        server.stop()


@pytest.fixture(scope="session")
def emulator() -> Iterator[Emulator]:
    """One pool for all tests, which use different sessions."""
    with emulated_pool(max_sessions=600) as running:
        yield running


@pytest.fixture(autouse=True)
def sessions_of_a_test_end_with_it(request: pytest.FixtureRequest) -> Iterator[None]:
    """In the pool for all tests, which would be full otherwise: on a fast machine, more tests begin during a cooldown
    than the pool has sessions. Those of fixtures with a larger scope were there before.
    """
    if "emulator" not in request.fixturenames:
        yield
        return
    emulator: Emulator = request.getfixturevalue("emulator")
    before = set(emulator.identifiers())
    yield
    for identifier in set(emulator.identifiers()) - before:
        emulator.end_session(identifier)


@pytest.fixture(scope="session")
def api(emulator: Emulator) -> Iterator[Api]:
    """The connector with the emulator."""
    with connector_with(**emulator.environment) as connector:
        assert connector.call("GET", "/connection").status_code == 200
        yield connector


OWNER = "00000000-0000-0000-0000-0000000000ff"
"""Somebody with all rights on the storage account, who puts files there and looks what is there."""

STORAGE_VERSION = "2024-11-04"


@dataclass(frozen=True)
class Storage:
    """A running storage account, with the settings that a connector gets to use it."""

    server: BlobStorageServer
    environment: dict[str, str]

    def put(self, name: str, content: bytes, container: str = "imports", **headers: str) -> str:
        """Puts a blob. Returns its ETag, as in headers."""
        headers = {"x-ms-blob-type": "BlockBlob", **headers}
        return str(self.call("PUT", f"{container}/{quote(name)}", data=content, headers=headers).headers["ETag"])

    def get(self, name: str, container: str = "files") -> bytes:
        return self.call("GET", f"{container}/{quote(name)}").content

    def delete(self, name: str, container: str = "files") -> None:
        self.call("DELETE", f"{container}/{quote(name)}")

    def names(self, prefix: str = "", container: str = "files") -> list[str]:
        """The names of the blobs, in their order."""
        return sorted(name for name in self.server.account.container(container).blobs if name.startswith(prefix))

    def uncommitted(self, name: str, container: str = "files") -> int:
        """How many uncommitted blocks a blob has."""
        return len(self.server.account.container(container).uncommitted.get(name, {}))

    def call(self, method: str, path: str, **request: Any) -> requests.Response:
        """As the owner. Fails the test if storage refuses it."""
        token = self.server.authority.issue(STORAGE_AUDIENCE, object_id=OWNER)[0]
        headers = {
            "x-ms-version": STORAGE_VERSION,
            "Authorization": f"Bearer {token}",
            **request.pop("headers", {}),
        }
        response = requests.request(method, f"{self.server.url}/{path}", headers=headers, timeout=60, **request)
        assert response.ok, response.text
        return response


@contextmanager
def emulated_storage(authority: TokenAuthority, **options: Any) -> Iterator[Storage]:
    """`options` are those of the server."""
    server = BlobStorageServer(authority, **options)
    server.roles.append(Assignment(CONTRIBUTOR, principal=OWNER))
    server.start()
    try:
        files, imports = server.container_url("files"), server.container_url("imports")
        yield Storage(server, {"FILES_CONTAINER_URL": files, "IMPORT_CONTAINER_URLS": imports})
    finally:
        server.stop()


@pytest.fixture(scope="session")
def storage(emulator: Emulator) -> Iterator[Storage]:
    """One storage account for all tests, which use different names. Its tokens are those of `emulator`."""
    with emulated_storage(emulator.authority) as running:
        yield running


@pytest.fixture
def start_storage(emulator: Emulator) -> Iterator[Callable[..., Storage]]:
    """Returns a function that starts a storage account of its own until the end of the test, with other options.

    Its tokens are those of `emulator`, unless it gets another `authority`.
    """
    with contextlib.ExitStack() as running:
        yield lambda authority=emulator.authority, **options: running.enter_context(
            emulated_storage(authority, **options)
        )


@pytest.fixture(scope="session")
def api_with_storage(emulator: Emulator, storage: Storage) -> Iterator[Api]:
    """The connector with the emulator and its storage."""
    with connector_with(**emulator.environment, **storage.environment) as connector:
        # It gets both tokens now, as `api_with_key` does.
        assert connector.call("GET", "/connection").status_code == 200
        missing = {"blobUrl": storage.server.container_url("imports") + "/missing"}
        response = connector.call("POST", "/imports", json=missing)
        assert (response.status_code, response.json()["error"]["code"]) == (404, "BlobNotFound"), response.text
        yield connector


@pytest.fixture(scope="session")
def api_with_key(emulator: Emulator) -> Iterator[Api]:
    """The connector with the emulator, for callers that send the function key, as on Azure."""
    with connector_with(require_keys=True, **emulator.environment) as connector:
        # It gets its token now, from the identity of this pool: the next connector changes the environment.
        response = connector.call("GET", "/connection", headers={"x-functions-key": connector.key or ""})
        assert response.status_code == 200
        yield connector


@pytest.fixture(scope="session")
def api_without_role() -> Iterator[Api]:
    """The connector with a pool that denies it access, for requests that must not reach the pool."""
    with emulated_pool(role_held=False) as pool, connector_with(**pool.environment) as connector:
        # It gets its token now, as `api_with_key` does.
        assert connector.call("GET", "/connection").status_code == 403
        yield connector


@pytest.fixture(scope="session")
def running_connector() -> Callable[..., contextlib.AbstractContextManager[Api]]:
    """Returns a context manager that runs a connector with other settings, for fixtures of any scope."""
    return connector_with


@pytest.fixture
def start_connector() -> Iterator[Callable[..., Api]]:
    """Returns a function that starts a connector with other settings until the end of the test."""
    with contextlib.ExitStack() as running:
        yield lambda **environment: running.enter_context(connector_with(**environment))


@pytest.fixture
def start_pool() -> Iterator[Callable[..., Emulator]]:
    """Returns a function that starts a pool with other options until the end of the test."""
    with contextlib.ExitStack() as running:
        yield lambda **options: running.enter_context(emulated_pool(**options))


@pytest.fixture
def session_id() -> str:
    """The ID of a session that no other test uses."""
    return f"test-{uuid.uuid4()}"

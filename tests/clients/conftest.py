"""What the tests of all clients share: pool and connector as programs of their own, and a fence around this machine."""

import ipaddress
import json
import os
import re
import socket
import subprocess
import sys
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest
from programs import ROOT, Program

# Its assertions are explained like those of a test module.
pytest.register_assert_rewrite("every_operation")


@dataclass(frozen=True)
class Pool:
    """A running pool, as far as its output tells of it."""

    endpoint: str
    token: str
    identity: dict[str, str]
    """The variables that lead azure-identity to the pool's own tokens."""

    certificate: Path | None

    def has_session(self, identifier: str) -> bool:
        """Looks without making one, and without keeping it alive. For pools without TLS."""
        address = f"{self.endpoint}/session?api-version=2025-10-02-preview&identifier={identifier}"
        request = urllib.request.Request(address, headers={"Authorization": f"Bearer {self.token}"})
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return bool(json.load(answer)["identifier"] == identifier)
        except urllib.error.HTTPError as refusal:
            with refusal:
                assert json.load(refusal)["error"]["code"] == "NoSessionFoundError"
            return False


@dataclass(frozen=True)
class Connector:
    """A running connector that asks its callers for a key, as on Azure."""

    url: str
    key: str

    @property
    def document_url(self) -> str:
        """Where the agents' document is."""
        return f"{self.url}/openapi.json"

    @cached_property
    def document(self) -> dict[str, Any]:
        """The agents' document as the app serves it, to whoever asks."""
        with urllib.request.urlopen(self.document_url, timeout=10) as answer:
            document: dict[str, Any] = json.load(answer)
        return document


@pytest.fixture(scope="session")
def start_pool() -> Iterator[Callable[..., Pool]]:
    """Starts the pool with options, once for each set of them; it is ended after the last test."""
    running: dict[tuple[str, ...], tuple[Program, Pool]] = {}

    def start(*options: str) -> Pool:
        if options not in running:
            program = Program("emulator.session_pool", "--port", "0", *options)
            running[options] = program, _announced(program.told)
        return running[options][1]

    yield start
    for program, _ in running.values():
        program.ask_to_end()
    for program, _ in running.values():
        program.wait_for_end()


def _announced(told: dict[str, str]) -> Pool:
    identity = dict(pair.split("=", 1) for pair in told["identity"].split())
    certificate = Path(told["certificate"]) if "certificate" in told else None
    return Pool(told["session pool"], told["token"], identity, certificate)


@pytest.fixture(scope="session")
def connector() -> Iterator[Connector]:
    """The connector, with the emulator's pool behind it."""
    program = Program("emulator", "--keys", "--port", "0", "--pool-port", "0")
    yield Connector(program.told["connector"], program.told["function key"])
    program.ask_to_end()
    program.wait_for_end()


@pytest.fixture(scope="session")
def pool(start_pool: Callable[..., Pool]) -> Pool:
    """A pool for Python."""
    return start_pool()


@pytest.fixture
def session_id() -> str:
    """A session that no other test uses."""
    return str(uuid.uuid4())


@pytest.fixture
def led_by_identity(monkeypatch: pytest.MonkeyPatch) -> Callable[[Pool], None]:
    """Sets what App Service sets for an app that has an identity, so that DefaultAzureCredential finds the pool's."""

    def lead(to: Pool) -> None:
        for name, value in to.identity.items():
            monkeypatch.setenv(name, value)
        # The credentials that come first in the chain would look at the developer's machine, or ask elsewhere.
        monkeypatch.setenv("AZURE_TOKEN_CREDENTIALS", "ManagedIdentityCredential")

    return lead


@pytest.fixture
def run_example(pool: Pool) -> Callable[[str], str]:
    """Runs an example of the documentation as its reader would, against the pool; what it printed."""

    def run(name: str) -> str:
        page = (ROOT / "docs" / "session-pool-emulator.md").read_text(encoding="utf-8")
        (code,) = re.findall(rf"<!-- example: {name} -->\n```python\n(.*?)```", page, re.DOTALL)
        environment = {**os.environ, "POOL": pool.endpoint, "TOKEN": pool.token}
        ended = subprocess.run(
            [sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=60
        )
        assert ended.returncode == 0, ended.stderr
        return ended.stdout

    return run


@pytest.fixture
def anyio_backend() -> str:
    """What runs the tests that are marked `anyio`."""
    return "asyncio"


@pytest.fixture(scope="session", autouse=True)
def only_loopback() -> Iterator[None]:
    """Nothing leaves this machine: names are not looked up, and connections to other addresses are errors."""
    look_up, connect, connect_ex = socket.getaddrinfo, socket.socket.connect, socket.socket.connect_ex

    def checked(host: Any) -> None:
        name = host.decode() if isinstance(host, bytes) else host
        if name not in (None, "localhost") and not ipaddress.ip_address(name).is_loopback:
            raise OSError(f"a test tried to reach {name}")

    def guarded_look_up(host: Any, *arguments: Any, **options: Any) -> Any:
        try:
            checked(host)
        except ValueError:
            raise OSError(f"a test tried to look up {host}") from None
        return look_up(host, *arguments, **options)

    def guarded(original: Callable[..., Any]) -> Callable[..., Any]:
        def call(self: socket.socket, address: Any) -> Any:
            if self.family != socket.AF_UNIX:
                checked(address[0])
            return original(self, address)

        return call

    with pytest.MonkeyPatch.context() as patch:
        for variable in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
            patch.delenv(variable, raising=False)
            patch.delenv(variable.lower(), raising=False)
        patch.setattr(socket, "getaddrinfo", guarded_look_up)
        patch.setattr(socket.socket, "connect", guarded(connect))
        patch.setattr(socket.socket, "connect_ex", guarded(connect_ex))
        yield

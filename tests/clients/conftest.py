"""What the tests of all clients share: the pool as a program of its own, and a fence around this machine."""

import ipaddress
import json
import os
import re
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]


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


@pytest.fixture(scope="session")
def start_pool() -> Iterator[Callable[..., Pool]]:
    """Starts the pool with options, once for each set of them; SIGTERM ends it after the last test."""
    running: dict[tuple[str, ...], tuple[subprocess.Popen[str], Pool]] = {}

    def start(*options: str) -> Pool:
        if options not in running:
            process = _launch(options)
            running[options] = process, _announced(process)
        return running[options][1]

    yield start
    for process, _ in running.values():
        process.send_signal(signal.SIGTERM)
    for process, _ in running.values():
        try:
            _, said = process.communicate(timeout=20)
        finally:
            process.kill()
        assert process.returncode == 0, f"the pool ended with {process.returncode}: {said}"


def _launch(options: tuple[str, ...]) -> subprocess.Popen[str]:
    python = os.environ.get("POOL_PYTHON")
    if not python:
        pytest.exit("POOL_PYTHON is not set: the path of the Python that has the pool's packages", returncode=2)
    return subprocess.Popen(
        [python, "-m", "emulator.session_pool", "--port", "0", *options],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"]},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def _announced(process: subprocess.Popen[str]) -> Pool:
    told = {}
    assert process.stdout is not None
    for line in process.stdout:
        name, _, text = line.strip().partition("  ")
        told[name] = text.strip()
        if name == "ready":
            identity = dict(pair.split("=", 1) for pair in told["identity"].split())
            certificate = Path(told["certificate"]) if "certificate" in told else None
            return Pool(told["session pool"], told["token"], identity, certificate)
    raise AssertionError(f"the pool did not start: {process.communicate()[1]}")


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

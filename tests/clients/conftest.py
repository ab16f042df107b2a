"""Fixtures for the tests of all clients: pool and connector as processes of their own, and no network but loopback."""

import ipaddress
import json
import os
import re
import runpy
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

# pytest explains its failed assertions as it does in test modules.
pytest.register_assert_rewrite("every_operation", "scripted_model", "mcp_conversation")
pytest.register_assert_rewrite("tests.connector.storage.container_cases")

from scripted_model import Script, ScriptedModel  # noqa: E402


@dataclass(frozen=True)
class Pool:
    """A running pool, as described by its output."""

    endpoint: str
    token: str
    identity: dict[str, str]
    """The variables with which azure-identity gets tokens of the pool."""

    certificate: Path | None
    mcp_server: str | None
    """The address of its MCP server, if it was started with one, and the key of that."""

    mcp_key: str | None

    def has_session(self, identifier: str) -> bool:
        """Whether the session exists. Neither creates nor extends it. Only for pools without TLS."""
        url = f"{self.endpoint}/session?api-version=2025-10-02-preview&identifier={identifier}"
        request = urllib.request.Request(url, headers={"Authorization": f"Bearer {self.token}"})
        try:
            with urllib.request.urlopen(request, timeout=10) as response:
                return bool(json.load(response)["identifier"] == identifier)
        except urllib.error.HTTPError as error:
            with error:
                assert json.load(error)["error"]["code"] == "NoSessionFoundError"
            return False


@dataclass(frozen=True)
class Connector:
    """A running connector that requires a function key, as on Azure."""

    url: str
    key: str

    @property
    def document_url(self) -> str:
        """The URL of the agents' document."""
        return f"{self.url}/openapi.json"

    @cached_property
    def document(self) -> dict[str, Any]:
        """The agents' document as the app serves it, without a key."""
        with urllib.request.urlopen(self.document_url, timeout=10) as response:
            document: dict[str, Any] = json.load(response)
        return document

    def save_document(self, source: str, folder: Path) -> Path:
        """The path of a copy of `openapi.yaml`, or of a document that the app serves, such as `openapi-full.json`."""
        path = folder / source
        if source == "openapi.yaml":
            path.write_bytes((ROOT / source).read_bytes())
        else:
            with urllib.request.urlopen(f"{self.url}/{source}", timeout=10) as response:
                path.write_bytes(response.read())
        return path


@pytest.fixture(scope="session")
def start_pool() -> Iterator[Callable[..., Pool]]:
    """Returns a function that starts a pool, once for each set of options. Pools stop after the last test."""
    running: dict[tuple[str, ...], tuple[Program, Pool]] = {}

    def start(*options: str) -> Pool:
        if options not in running:
            program = Program("emulator.session_pool", "--port", "0", *options)
            running[options] = program, _pool(program.output)
        return running[options][1]

    yield start
    for program, _ in running.values():
        program.terminate()
    for program, _ in running.values():
        program.wait()


def _pool(output: dict[str, str]) -> Pool:
    identity = dict(pair.split("=", 1) for pair in output["identity"].split())
    certificate = Path(output["certificate"]) if "certificate" in output else None
    mcp = output.get("mcp server"), output.get("mcp api key")
    return Pool(output["session pool"], output["token"], identity, certificate, *mcp)


@pytest.fixture(scope="session")
def connector() -> Iterator[Connector]:
    """The connector, with the emulator's pool."""
    yield from _running_connector()


@pytest.fixture(scope="session")
def impatient_connector() -> Iterator[Connector]:
    """A connector that waits one second for runs, so that longer ones are polled."""
    yield from _running_connector(CALLER_WAIT_SECONDS="1")


@pytest.fixture(scope="session")
def connector_for_bridges() -> Iterator[Connector]:
    """A connector that waits 20 seconds for runs, for programs that give up after 30."""
    yield from _running_connector(CALLER_WAIT_SECONDS="20")


def _running_connector(**settings: str) -> Iterator[Connector]:
    program = Program("emulator", "--keys", "--port", "0", "--pool-port", "0", **settings)
    yield Connector(program.output["connector"], program.output["function key"])
    program.terminate()
    program.wait()


@pytest.fixture(scope="session")
def pool(start_pool: Callable[..., Pool]) -> Pool:
    """A pool for Python."""
    return start_pool()


@pytest.fixture
def session_id() -> str:
    """The ID of a session that no other test uses."""
    return str(uuid.uuid4())


@pytest.fixture
def use_pool_identity(monkeypatch: pytest.MonkeyPatch) -> Callable[[Pool], None]:
    """Returns a function that sets the variables of an app with an identity, for DefaultAzureCredential."""

    def use(pool: Pool) -> None:
        for name, value in pool.identity.items():
            monkeypatch.setenv(name, value)
        # Credentials that come earlier in the chain would read the developer's machine, or call other services.
        monkeypatch.setenv("AZURE_TOKEN_CREDENTIALS", "ManagedIdentityCredential")

    return use


@pytest.fixture
def run_example(pool: Pool) -> Callable[[str], str]:
    """Returns a function that runs an example of the documentation against the pool, and returns its output."""

    def run(name: str) -> str:
        page = (ROOT / "docs" / "session-pool-emulator.md").read_text(encoding="utf-8")
        (code,) = re.findall(rf"<!-- example: {name} -->\n```python\n(.*?)```", page, re.DOTALL)
        environment = {**os.environ, "POOL": pool.endpoint, "TOKEN": pool.token}
        completed = subprocess.run(
            [sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=60
        )
        assert completed.returncode == 0, completed.stderr
        return completed.stdout

    return run


@pytest.fixture
def run_agent(
    connector: Connector, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., str]:
    """Returns a function that runs a program of examples/agents as a reader does, with a scripted model, and returns
    its output."""

    def run(
        name: str,
        script: Script,
        *arguments: str,
        model: type[ScriptedModel] = ScriptedModel,
        connector: Connector = connector,
    ) -> str:
        with model(script) as scripted:
            for variable, value in {
                "OPENAI_BASE_URL": scripted.url,
                "OPENAI_API_KEY": "key-of-the-model",
                "OPENAI_MODEL": "scripted",
                "CONNECTOR_URL": connector.url,
                "CONNECTOR_KEY": connector.key,
            }.items():
                monkeypatch.setenv(variable, value)
            monkeypatch.setattr(sys, "argv", [name, *arguments])
            runpy.run_path(str(ROOT / "examples" / "agents" / name), run_name="__main__")
        return capsys.readouterr().out

    return run


@pytest.fixture
def run_snippet(connector: Connector) -> Callable[[str], dict[str, Any]]:
    """Returns a function that runs an example of docs/agents.md against the connector, and returns its variables."""

    def run(name: str) -> dict[str, Any]:
        page = (ROOT / "docs" / "agents.md").read_text(encoding="utf-8")
        (code,) = re.findall(rf"<!-- run by tests/clients/{name} -->\n```python\n(.*?)```", page, re.DOTALL)
        for placeholder, value in (("https://YOUR-APP.azurewebsites.net/api", connector.url), ("KEY", connector.key)):
            assert placeholder in code
            code = code.replace(placeholder, value)
        variables: dict[str, Any] = {}
        exec(code, variables)
        return variables

    return run


@pytest.fixture
def anyio_backend() -> str:
    """The backend for tests that are marked `anyio`."""
    return "asyncio"


@pytest.fixture(scope="session", autouse=True)
def only_loopback() -> Iterator[None]:
    """Raises an error for every name lookup, and for every connection to another machine."""
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

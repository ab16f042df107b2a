"""Fixtures that call a pool directly over its wire."""

import contextlib
import io
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests

from emulator.session_pool.engines.linux.data_folder import DataFolder
from emulator.session_pool.engines.portable.data_folder import PortableDataFolder

API_VERSION = "2025-10-02-preview"
HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]


BEGUN = "open('/mnt/data/begun', 'w').close()"
"""Code that signals that it has started: see Wire.wait_for_file."""

_SETTLED_SECONDS = 0.3


def wait_until(condition: Callable[[], bool], seconds: float = 15) -> None:
    """Wait until the condition is true; fail after a time that also suffices on a busy machine."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "the condition did not become true"
        time.sleep(0.01)


def wait_for_processes(observe: Callable[[], set[int]], number: int, seconds: float = 30) -> set[int]:
    """Wait until so many processes are there, and the same for a moment; fail with what they are.

    A pool passes through other numbers: the init of a session forks a process for some milliseconds, to hold a user
    namespace, and its interpreter comes before or after that.
    """
    deadline = time.monotonic() + seconds
    found, since = observe(), time.monotonic()
    while len(found) != number or time.monotonic() < since + _SETTLED_SECONDS:
        assert time.monotonic() < deadline, {pid: _command(pid) for pid in sorted(found)}
        time.sleep(0.01)
        previous, found = found, observe()
        if found != previous:
            since = time.monotonic()
    return found


def _command(pid: int) -> str:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")
    return "ended"


def listed(data: Any, folder: str, *, recursive: bool = False) -> list[Any]:
    """The entries of a folder of a session's data, all at once."""
    return [entry for batch in data.walk(folder, recursive=recursive) for entry in batch]


@dataclass(frozen=True)
class Wire:
    """Calls to a pool's data plane for one session."""

    endpoint: str
    token: str
    identifier: str

    def call(
        self, method: str, path: str, *, params: dict[str, str] | None = None, **request: Any
    ) -> requests.Response:
        query = {"identifier": self.identifier, "api-version": API_VERSION, **(params or {})}
        headers = {"Authorization": f"Bearer {self.token}", **request.pop("headers", {})}
        return requests.request(method, f"{self.endpoint}/{path}", params=query, headers=headers, timeout=60, **request)

    def run(self, code: str, **members: Any) -> dict[str, Any]:
        """The body of the execution."""
        response = self.call("POST", "executions", json={"code": code, **members})
        assert response.status_code == 200, response.text
        body: dict[str, Any] = response.json()
        return body

    def has_file(self, name: str) -> bool:
        return self.call("GET", f"files/{name}").status_code == 200

    def wait_for_file(self, name: str) -> None:
        """Returns when the session's code has created a file of that name in /mnt/data."""
        wait_until(lambda: self.has_file(name))

    def wait_for_status(self, execution_id: str, *statuses: str) -> None:
        """Wait until an execution, which may not exist yet, has one of the statuses."""

        def has_status() -> bool:
            return self.call("GET", f"executions/{execution_id}").json().get("status") in statuses

        wait_until(has_status)

    def value(self, code: str) -> Any:
        body = self.run(code)
        assert body["status"] == "Succeeded", json.dumps(body)
        return body["result"]["executionResult"]


@pytest.fixture
def wire_to(emulator: Any) -> Callable[..., Wire]:
    """Makes a wire to a session of the shared pool, or of another one."""
    return lambda identifier, pool=emulator: Wire(pool.pool.endpoint, pool.authority.issue()[0], identifier)


@pytest.fixture
def wire(wire_to: Callable[..., Wire], session_id: str) -> Wire:
    """A session that no other test uses."""
    return wire_to(session_id)


@pytest.fixture
def program() -> Callable[[str], str]:
    """The source of a misbehaving program."""
    return lambda name: (Path(__file__).parent / "programs" / f"{name}.py").read_text()


def ordinary_user() -> list[str]:
    """A prefix that runs a command without root's rights; empty if this process does not run as root."""
    if os.getuid() != 0:
        return []
    needed = {str(path) for folder in (ROOT, sys.prefix, sys.base_prefix) for path in (folder, Path(folder).resolve())}
    closed = [
        (str(parent), path)
        for path in sorted(needed)
        for parent in list(reversed(Path(path).parents))
        if parent.stat().st_mode & 0o005 != 0o005
    ]
    first = {path: parent for parent, path in reversed(closed)}
    shown = [word for path, parent in first.items() for word in (parent, path)]
    return ["unshare", "--mount", "sh", str(HERE / "as_ordinary_user.sh"), *shown, "--"]


def no_namespaces() -> list[str]:
    """A prefix that runs a command without namespaces."""
    program = ["unshare", "--user", "--map-current-user", "--keep-caps", "sh", str(HERE / "without_namespaces.sh")]
    return [*ordinary_user(), *program]


def children_of(pid: int) -> list[int]:
    """Those that each of its threads has forked, the oldest first. None if it has ended."""
    found = []
    for children in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            found += [int(child) for child in children.read_text().split()]
    return found


def processes_below(pid: int) -> set[int]:
    """All descendants of a process."""
    found, todo = set(), [pid]
    while todo:
        new = set(children_of(todo.pop())) - found
        found |= new
        todo += new
    return found


def open_below(folder: Path) -> int:
    """The number of descriptors that this process has below the path. Others belong to pools of other tests."""
    opened = 0
    for link in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):
            opened += os.readlink(link).startswith(f"{folder}/")
    return opened


def seen_during_upload(
    folder: DataFolder | PortableDataFolder, path: Path, name: str
) -> tuple[list[int], list[list[str]]]:
    """The number of files at `path` and the folder's list, at each chunk that an upload reads."""
    there: list[int] = []
    lists: list[list[str]] = []

    class Watched(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            there.append(len(os.listdir(path)))
            lists.append([entry.name for entry in listed(folder, "")])
            return super().read(size)

    folder.write("", name, Watched(b"content"))
    return there, lists


@dataclass
class PoolProgram:
    """`python -m emulator.session_pool` as a separate process, and the lines that it has printed."""

    process: subprocess.Popen[str]
    reported: dict[str, str]

    def wire(self, identifier: str) -> Wire:
        return Wire(self.reported["session pool"], self.reported.get("token", "any"), identifier)

    def descendants(self) -> set[int]:
        """All descendants, including those that have called setsid."""
        return processes_below(self.process.pid)

    def forkers(self) -> tuple[int, int, int]:
        """At level 3: the supervisor's parent, the supervisor and the zygote. All others belong to sessions."""
        (outer,) = children_of(self.process.pid)
        (supervisor,) = children_of(outer)
        return outer, supervisor, children_of(supervisor)[0]

    def end(self, number: int) -> tuple[float, int, str]:
        """Sends the signal. Returns the seconds until the end, the exit code and standard error."""
        started = time.monotonic()
        self.process.send_signal(number)
        _, stderr = self.process.communicate(timeout=20)
        return time.monotonic() - started, self.process.returncode, stderr


@contextlib.contextmanager
def pool_program(*options: str, below: str = "", temporary: Path | None = None) -> Iterator[PoolProgram]:
    """A pool as a program, started as an "ordinary user" or with "no namespaces" if `below` is that.

    `temporary` is its folder for temporary files.
    """
    prefix = {"": [], "ordinary user": ordinary_user(), "no namespaces": no_namespaces()}[below]
    process = subprocess.Popen(
        [*prefix, sys.executable, "-m", "emulator.session_pool", "--port", "0", *options],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"]} | ({"TMPDIR": str(temporary)} if temporary else {}),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        reported = {}
        for line in process.stdout:
            name, _, text = line.strip().partition("  ")
            reported[name] = text.strip()
            if name == "ready":
                break
        else:
            raise AssertionError(process.communicate())
        yield PoolProgram(process, reported)
    finally:
        process.kill()
        process.communicate()


@pytest.fixture
def start_program() -> Iterator[Callable[..., PoolProgram]]:
    """Starts pools as programs; they end with the test."""
    with contextlib.ExitStack() as running:
        yield lambda *options, **placed: running.enter_context(pool_program(*options, **placed))


@pytest.fixture
def gone() -> Callable[[set[int]], bool]:
    """True if all processes end within fifteen seconds, which suffices on a busy machine. A zombie has not ended."""

    def wait(pids: set[int]) -> bool:
        deadline = time.monotonic() + 15
        while any(Path(f"/proc/{pid}").exists() for pid in pids) and time.monotonic() < deadline:
            time.sleep(0.02)
        return not any(Path(f"/proc/{pid}").exists() for pid in pids)

    return wait

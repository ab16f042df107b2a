"""Attack programs in sessions, judged from outside by what they were to reach, break, fill or outlive.

Each program in `programs` runs in a session of a pool at each level of isolation. The pool runs in a separate
environment (`attacked/world.py`): a network without a connection, files, listeners and processes to attack, and another
session. Breaches are found by looking at these. A program itself reports `BREACHED:` only for what nothing else can
observe, and `TRIED` when it has come to its end, so that none passes by failing.
"""

import contextlib
import json
import os
import re
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import sysconfig
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import requests

from emulator.session_pool.engines.linux.confinement import SESSION_UID
from tests.emulator.session_pool.conftest import (
    ROOT,
    Wire,
    no_namespaces,
    processes_below,
    wait_for_processes,
    wait_until,
)

pytestmark = pytest.mark.timeout(300)  # all programs of a level run before the first is judged

HERE = Path(__file__).resolve().parent
ATTACKS = sorted(path.stem for path in (HERE / "programs").glob("*.py"))
SMOKE = {
    "asks_the_kernel_for_io_uring",
    "becomes_another_user",
    "channel_forges_replies",
    "enters_namespaces",
    "files_that_are_links",
    "fills_memory",
    "kills_processes_outside",
    "outlives_by_daemon",
    "python_that_rewrites_its_kernel",
    "reaches_the_network",
    "reads_another_sessions_files",
    "takes_time_in_c",
    "writes_outside_its_folders",
}
"""One of each large family, which `make test` runs; `make test-attacks` runs all."""

SECRET = re.compile(r"SECRET-OF-\w+-[0-9a-f]{32}")
CLEAR_SENTENCES = ("Kernel restarted: ", "Execution aborted", "Request timed out waiting for code execution")
ORDINARY_UID = 2001  # the user of `ordinary_user`
GRACE_SECONDS = 10.0  # after a timeout: the pool's own, and the delays of a busy machine
STARVED_SECONDS = 3.0  # for the end of a hundred processes that leave no time to others
NEIGHBOUR = "neighbour"

SUCCEED_AT_LEVEL_3 = {
    "fills_messages_with_descriptors": "the kernel counts the descriptors in flight in messages for each user, and all "
    "sessions have the same user: no other session can send any while one has sent as many as it can",
    "locks_files_of_the_machine": "what can be read can be locked with flock, and the lock holds for all programs of "
    "the machine: one that locks such a file waits",
}
SUCCEED_AT_LEVEL_2 = SUCCEED_AT_LEVEL_3 | {
    "fills_folders": "a session's folder is on the machine's disk, and only the size of each single file is limited",
    "fills_folders_with_empty_files": "a session's folder is on the machine's disk, where the number of files is not "
    "limited",
    "fills_folders_without_writing": "a session's folder is on the machine's disk, where space can also be reserved "
    "without writing",
    "fills_processes": "the kernel counts the processes of a user together: the watchdog ends them only once they "
    "exist",
    "fills_threads": "the kernel counts the threads of a user together: the watchdog ends them only once they exist",
    "reaches_sockets_that_are_files": "landlock does not block connections to sockets in the file system",
    "reads_files_of_the_machine": "/etc/passwd can be read, for the name of the user",
    "writes_into_python": "landlock does not block changes of the permissions and times of files that belong to the "
    "user",
    "writes_over_files_of_the_machine": "landlock does not block changes of a file's permissions, times and attributes",
}

MAY_FAIL = {"fills_processes", "fills_threads"}  # if the watchdog looks in time

SUCCEED = {3: SUCCEED_AT_LEVEL_3, 2: SUCCEED_AT_LEVEL_2}

# These use up what all sessions share, or send signals: each runs alone, so that it is clear who did what.
_ALONE_TOPICS = ("fills_", "kills_", "locks_", "stops_", "slows_", "signals_", "outlives_", "writes_")
ALONE = {name for name in ATTACKS if name.startswith(_ALONE_TOPICS)} | {
    "channel_announces_much",
    "channel_collects_pieces",
    "channel_sends_invalid_members",
    "channel_swells",
    "files_that_are_hard_links",
    "reaches_another_sessions_sockets",
}

# They may lose their interpreter or session before their end, which the result must then state in a clear sentence.
MAY_BE_ENDED = {name for name in ATTACKS if name.startswith(("fills_", "kills_", "signals_everything"))} | {
    "asks_the_kernel_in_32_bits",
    "files_that_are_closed",
    "replaces_its_data_folder",
}

# They may make their own session unusable, which is then ended.
SPOIL_THEMSELVES = {name for name in ATTACKS if name.startswith(("channel_", "python_"))} | {
    "kills_interpreters_to_come",
    "outlives_by_starving",
    "fills_descriptors",
    "replaces_its_data_folder",
    "files_that_are_closed",
}

SECONDS = dict.fromkeys(("fills_results", "channel_floods", "python_that_recurses"), 1)
SECONDS |= dict.fromkeys(("python_with_a_strange_collector", "channel_sends_invalid_members"), 1)
SECONDS |= {
    name: 1 for name in ATTACKS if name.startswith(("takes_", "channel_is_closed", "channel_stays", "fills_out"))
}

# While these run, and not only afterwards, the operations of ROUTES are tried repeatedly.
RACES = {"files_that_are_swapped", "files_that_replace_uploads", "files_that_shrink"}

# The paths below /mnt/data on which every operation on files is tried.
ROUTES = {
    "files_that_are_links": ["link", "linked/canary", "passwd", "home/.azure/token", "up/etc/passwd", "loop", "environ"]
    + ["in/deeper/linked/canary", "chain/canary"],
    "files_that_are_magic_links": [
        "root/etc/passwd",
        "cwd/frames.py",
        "exe",
        "descriptors/0",
        "memory",
        "init/etc/passwd",
    ],
    "files_that_are_hard_links": ["hard", "hard-0", "hard-1", "hard-2", "hard-3"],
    "files_that_are_pipes": ["pipe", "in/pipe", "folder/x", "socket"],
    "files_that_are_devices": ["zero", "full", "random", "mem"],
    "files_that_are_folders": ["file.txt", "folder/x", "file.txt/below/x"],
    "files_above_the_folder": ["../canary", "../../canary", "..", "%2e%2e/canary", ".../x", "~/x", "/etc/passwd"]
    + ["mnt/data/../../etc/passwd", "..%2f..%2fetc%2fpasswd", "x\0y", "."],
    "files_that_are_swapped": ["swap/canary", "swap/in/canary", "other/canary"],
    "files_that_replace_uploads": ["sent"],
    "files_that_shrink": ["shrinks"],
    "files_that_are_huge": ["huge", "vast", "large"],
    "files_in_deep_folders": ["/".join(["d"] * 100) + "/x", "d/d/x"],
    "files_with_odd_names": ["x" * 255, "-rf", "--", "in/con.txt/x"],
    "files_that_are_closed": ["none", "closed/below/x", "sticky"],
    "files_in_great_number": ["in/0"],
    "files_from_other_times": ["time-0", "time-1", "time-2", "time-3", "time-4"],
    "replaces_its_data_folder": ["canary", "x"],
}

VITAL_SIGNS = """
import ctypes, errno, fcntl, os, select, socket, subprocess, threading, time
with open("/mnt/data/alive", "w") as file:
    file.write("x" * 100_000)
os.unlink("/mnt/data/alive")
subprocess.run(["true"], check=True)
thread = threading.Thread(target=len, args=("x",)); thread.start(); thread.join()
pair = socket.socketpair(); pair[0].send(b"x"); [end.close() for end in pair]
until = time.monotonic() + 2
while True:  # pipes are small again a moment after those of a session that had too many have been closed
    ends = os.pipe(); os.write(ends[1], b"x" * 4000); pipe_bytes = fcntl.fcntl(ends[0], 1032)
    if pipe_bytes == 65536 or time.monotonic() > until:
        break
    [os.close(end) for end in ends]; time.sleep(0.05)
watch = select.epoll(); [watch.register(end) for end in ends]; watch.close(); [os.close(end) for end in ends]
with open("/mnt/data/locked", "w") as file:
    fcntl.lockf(file, fcntl.LOCK_EX)
libc = ctypes.CDLL(None, use_errno=True); watch = libc.inotify_init()
if watch < 0 and ctypes.get_errno() != errno.ENOSYS:  # which level 2 always answers
    raise OSError(ctypes.get_errno(), "no inotify instance")
elif watch >= 0:
    os.close(watch)
kept, len(bytearray(32 << 20)) >> 20, os.getpriority(os.PRIO_PROCESS, 0) == niceness, hits, pipe_bytes
"""

SENDS_A_DESCRIPTOR = """
import socket
pair = socket.socketpair(); socket.send_fds(pair[0], [b"x"], [0]); [end.close() for end in pair]
"""

NEIGHBOUR_BEGINS = """
import os, socket, threading
kept, hits, niceness = {secret!r}, [], os.getpriority(os.PRIO_PROCESS, 0)
open("/mnt/data/canary", "w").write(kept); os.chmod("/mnt/data/canary", 0o666)
def listen(family, address):
    try:
        listener = socket.socket(family); listener.bind(address); listener.listen()
    except OSError:
        return
    while True:
        connection = listener.accept()[0]
        hits.append(connection.recv(100))
        connection.sendall(kept.encode()); connection.close()
for at in ((socket.AF_UNIX, "\\0" + {socket!r}), (socket.AF_INET, ("127.0.0.1", 5599))):
    threading.Thread(target=listen, args=at, daemon=True).start()
"""


def secret(of: str) -> str:
    return f"SECRET-OF-{of}-{secrets.token_hex(16)}"


@dataclass
class Outcome:
    """What one program did at one level."""

    breaches: list[str] = field(default_factory=list)
    tried: bool = False
    body: dict[str, Any] = field(default_factory=dict)
    seconds: float = 0.0

    @property
    def stderr(self) -> str:
        return str(self.body.get("result", {}).get("stderr", ""))

    @property
    def was_ended_clearly(self) -> bool:
        return self.stderr.splitlines()[-1:] != [] and any(sentence in self.stderr for sentence in CLEAR_SENTENCES)


class Machine:
    """A pool at one level, what there is to attack around it, and the judgement of what happened to that."""

    def __init__(self, level: int, *options: str) -> None:
        self.level = level
        self.folder = Path(tempfile.mkdtemp(prefix="attacked-"))
        self.folder.chmod(0o755)
        self._make_files()
        if level == 2 and os.getuid() == 0:
            for path in (self.folder, *self.folder.rglob("*")):
                os.chown(path, ORDINARY_UID, ORDINARY_UID)
        self._relay = socket.create_server(("127.0.0.1", 0))
        self.neighbours_socket = f"neighbour-{secrets.token_hex(8)}"
        specification = {
            "folder": str(self.folder),
            "prefix": no_namespaces() if level == 2 else [],
            "options": options,
            "secret": secret("environment"),
            "metadata": secret("metadata"),
            "abstract": f"attacked-{secrets.token_hex(8)}",
            "relay": self._relay.fileno(),
        }
        self.abstract = specification["abstract"]
        as_root = [] if os.getuid() == 0 else ["--user", "--map-current-user", "--keep-caps"]
        self.process = subprocess.Popen(
            ["unshare", "--net", *as_root, sys.executable, str(HERE / "attacked/world.py"), json.dumps(specification)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            pass_fds=[self._relay.fileno()],
            text=True,
        )
        self.reported: dict[str, str] = {}
        assert self.process.stdout is not None
        for line in self.process.stdout:
            name, _, text = line.strip().partition("  ")
            self.reported[name] = text.strip()
            if name == "server":
                break
        assert "server" in self.reported, (self.folder / "stderr").read_text()
        self.server = int(self.reported["server"])
        self.victims = [int(text) for name, text in self.reported.items() if name.startswith("victim of")]
        port = self._relay.getsockname()[1]
        self.endpoint = re.sub(r"//[^/]+/", f"//127.0.0.1:{port}/", self.reported["session pool"])
        self.neighbour = self.wire(NEIGHBOUR)
        self.neighbours_secret = secret("neighbour")
        begins = NEIGHBOUR_BEGINS.format(secret=self.neighbours_secret, socket=self.neighbours_socket)
        begun = self.neighbour.run(begins)
        assert begun["status"] == "Succeeded", begun
        self.pool_folder = Path(self.neighbour.value("os.getcwd()")).parents[1] if level == 2 else None
        self.processes = self.descendants()
        time.sleep(0.1)  # its threads listen a moment later
        self._files = self._read_files()
        self._states = {pid: _state(pid) for pid in self.victims}
        self.descriptors, self.threads = self._count("fd"), self._count("task")
        self.resident = self.memory("VmRSS")

    def _make_files(self) -> None:
        for name, of in (
            ("canaries/canary", "host"),
            ("home/.azure/token", "home"),
            ("home/.ssh/id_ed25519", "key"),
            ("repository/local.settings.json", "settings"),
        ):
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(secret(of))
            path.chmod(0o666)
        (self.folder / "canaries").chmod(0o777)
        (self.folder / "run").mkdir()
        shutil.copytree(
            ROOT / "emulator", self.folder / "repository/emulator", ignore=shutil.ignore_patterns("__pycache__")
        )
        for name in ("hits", "signals"):
            (self.folder / name).touch()
            (self.folder / name).chmod(0o666)

    def _read_files(self) -> dict[str, tuple[int, int, bytes]]:
        found = {}
        for path in sorted(self.folder.rglob("*")):
            if path.name in ("hits", "signals", "stderr", "canaries") or "__pycache__" in path.parts:
                continue
            status = path.lstat()
            found[str(path)] = status.st_mode, status.st_nlink, path.read_bytes() if path.is_file() else b""
        return found

    def wire(self, identifier: str) -> Wire:
        return Wire(self.endpoint, self.reported["token"], identifier)

    def descendants(self) -> set[int]:
        return processes_below(self.server)

    def _count(self, what: str) -> int:
        return len(list(Path(f"/proc/{self.server}/{what}").iterdir()))

    def memory(self, what: str) -> int:
        """Of the server, in bytes; 0 when it has ended."""
        with contextlib.suppress(OSError):
            for line in Path(f"/proc/{self.server}/status").read_text().splitlines():
                if line.startswith(what + ":"):
                    return int(line.split()[1]) << 10
        return 0

    def signals(self) -> str:
        return (self.folder / "signals").read_text()

    def stderr(self) -> str:
        """What the server logged, which is nothing as long as it works."""
        return (self.folder / "stderr").read_text()

    def hits(self) -> list[str]:
        return (self.folder / "hits").read_text().splitlines()

    def attack_constants(self, name: str, mark: str) -> dict[str, Any]:
        return {
            "NAME": name,
            "MARK": mark,
            "HOST_FOLDER": str(self.folder / "canaries"),
            "HOST_FILE": str(self.folder / "canaries/canary"),
            "HOME": str(self.folder / "home"),
            "REPOSITORY": str(self.folder / "repository"),
            "ABSTRACT": self.abstract,
            "PATH_SOCKET": str(self.folder / "run/docker.sock"),
            "NEIGHBOUR_SOCKET": self.neighbours_socket,
            "POOL_PORT": int(self.reported["session pool"].split("/")[2].rpartition(":")[2]),
            "PIDS": [*self.victims, *sorted(self.processes), self.server],
        }

    def program(self, name: str, mark: str) -> str:
        constants = self.attack_constants(name, mark)
        source = (HERE / "attacked/target.py").read_text()
        begin = (
            "import sys, types\n"
            "sys.modules['target'] = _ = types.ModuleType('target')\n"
            f"exec({source!r}, _.__dict__)\n_.__dict__.update({constants!r})\n_.begin()\n"
        )
        return begin + (HERE / "programs" / f"{name}.py").read_text()

    def attack(self, name: str) -> Outcome:
        """Runs the program in its own session, and judges the outcome."""
        outcome = Outcome()
        mark = f"at-{secrets.token_hex(5)}"
        wire = self.wire(f"{name}-{mark}")
        seconds = SECONDS.get(name, 15)
        signals, logged, swelled = self.signals(), self.stderr(), self.memory("VmRSS")
        if name in ALONE and self.server_is_there():
            Path(f"/proc/{self.server}/clear_refs").write_text("5")  # the highest memory use is counted again
        probing = ThreadPoolExecutor(1)
        started = time.monotonic()
        try:
            running = threading.Event()
            running.set()
            probe = probing.submit(self._probe_routes, wire, name, running)
            answer = wire.call(
                "POST",
                "executions",
                json={
                    "code": self.program(name, mark),
                    "timeoutInSeconds": seconds,
                    "outputStreamsMaxLength": 1 << 20,
                },
            )
            running.clear()
            outcome.seconds = time.monotonic() - started
            outcome.breaches += probe.result()
            outcome.breaches += _secrets(answer)
            if answer.status_code != 200:
                outcome.breaches.append(f"the pool answered {answer.status_code}: {answer.text[:200]}")
            else:
                self._judge_body(outcome, name, answer.json(), seconds)
            if name in ALONE:  # while it holds what it took
                outcome.breaches += self.judge_neighbour(SENDS_A_DESCRIPTOR if name in SUCCEED_AT_LEVEL_3 else "")
            if name in ROUTES:
                outcome.breaches += self._probe_routes(wire, name, None)
            self._judge_session(outcome, name, wire)
        except requests.RequestException as failure:
            outcome.breaches.append(f"the pool does not respond: {failure!r}")
        finally:
            probing.shutdown()
        self._judge_surroundings(outcome, name, mark, signals, logged, swelled)
        return outcome

    def _judge_body(self, outcome: Outcome, name: str, body: dict[str, Any], seconds: int) -> None:
        outcome.body = body
        stdout = body["result"]["stdout"]
        outcome.breaches += sorted(set(re.findall(r"^BREACHED: .*", stdout, re.MULTILINE)))
        outcome.tried = "TRIED" in stdout.splitlines() or (name in MAY_BE_ENDED and outcome.was_ended_clearly)
        if outcome.seconds > seconds + GRACE_SECONDS:
            outcome.breaches.append(f"was answered after {outcome.seconds:.1f} seconds")

    def _judge_session(self, outcome: Outcome, name: str, wire: Wire) -> None:
        """It is usable or was ended with a clear message, and its processes and files end with it."""
        answers = []
        for _ in range(1 if name in SPOIL_THEMSELVES else 2):
            started = time.monotonic()
            answer = wire.call("POST", "executions", json={"code": "6 * 7", "timeoutInSeconds": 1})
            if time.monotonic() - started > 1 + GRACE_SECONDS:
                outcome.breaches.append("the execution after it was not answered in time")
            answers.append(answer.json() if answer.status_code == 200 else {"result": {"stderr": answer.text}})
            if answers[-1]["result"].get("executionResult") == 42:
                break
        else:
            if name not in SPOIL_THEMSELVES:
                outcome.breaches.append(f"its session is unusable afterwards: {answers}")
        for answer in answers[:-1]:
            if name not in SPOIL_THEMSELVES and not answer["result"]["stderr"].startswith(CLEAR_SENTENCES):
                outcome.breaches.append(f"its session failed without a clear sentence: {answer}")
        if answers[-1]["result"].get("executionResult") != 42:
            wire.call("DELETE", "session")
            answer = wire.call("POST", "executions", json={"code": "6 * 7", "timeoutInSeconds": 2})
            if answer.status_code != 200 or answer.json()["result"].get("executionResult") != 42:
                outcome.breaches.append(f"its identifier is unusable afterwards: {answer.text[:300]}")
        wire.call("DELETE", "session")

    def _judge_surroundings(
        self, outcome: Outcome, name: str, mark: str, signals: str, logged: str, swelled: int
    ) -> None:
        if left := _left(mark, STARVED_SECONDS if name == "outlives_by_starving" and self.level == 3 else 15):
            outcome.breaches.append(f"left processes: {left}")
        if found := [f"{place}/{mark}" for place in _places() if os.path.lexists(f"{place}/{mark}")]:
            outcome.breaches.append(f"left files: {found}")
        outcome.breaches += [f"reached {hit}" for hit in self.hits() if name in hit]
        if name in ALONE or name.startswith("files_"):
            changed = self._files.items() ^ self._read_files().items()
            if changed:
                outcome.breaches.append(f"changed {sorted({path for path, _ in changed})}")
                self._restore_files()
        if name in ALONE:
            if self.signals() != signals:
                outcome.breaches.append(f"sent signals: {self.signals().removeprefix(signals).split()}")
            for pid, state in self._states.items():
                if _state(pid) != state:
                    outcome.breaches.append(f"changed process {pid} from {state} to {_state(pid)}")
                    self._states[pid] = _state(pid)
        if name in ALONE:
            if stumbled := self.stderr()[len(logged) :]:
                outcome.breaches.append(f"made the server log: {stumbled.splitlines()[-1]}")
            if (grew := self.memory("VmHWM") - swelled) > 400 << 20:
                outcome.breaches.append(f"made the server take {grew >> 20} MiB more")

    def _restore_files(self) -> None:
        for path in {*self._read_files()} - {*self._files}:
            Path(path).unlink(missing_ok=True)
        for path, (_, _, content) in self._files.items():
            if Path(path).is_file() or not Path(path).exists():
                if content:
                    Path(path).write_bytes(content)
        self._files = self._read_files()

    def judge_neighbour(self, also: str = "") -> list[str]:
        """What another session has noticed of an attack; `also` is code that it runs besides its vital signs."""
        started = time.monotonic()
        try:
            answer = self.neighbour.call("POST", "executions", json={"code": also + VITAL_SIGNS, "timeoutInSeconds": 5})
            found = answer.json()["result"]
        except (requests.RequestException, KeyError, ValueError) as failure:
            return [f"another session does not respond: {failure!r}"]
        expected = f"('{self.neighbours_secret}', 32, True, [], 65536)"
        breaches = []
        if found["executionResult"] != expected:
            breaches.append(f"another session was disturbed: {found}")
            with contextlib.suppress(requests.RequestException):  # for the next judgement
                begins = NEIGHBOUR_BEGINS.format(secret=self.neighbours_secret, socket=self.neighbours_socket)
                self.neighbour.call("DELETE", "session")
                self.neighbour.run(begins)
        if time.monotonic() - started > 4:
            breaches.append(f"another session waited for {time.monotonic() - started:.1f} seconds")
        return breaches + self._judge_newcomer()

    def _judge_newcomer(self) -> list[str]:
        """Whether a new session can be created."""
        newcomer = self.wire(f"newcomer-{secrets.token_hex(5)}")
        try:
            answer = newcomer.call("POST", "executions", json={"code": "6 * 7", "timeoutInSeconds": 5})
            newcomer.call("DELETE", "session")
        except requests.RequestException as failure:
            return [f"a new session does not respond: {failure!r}"]
        if answer.status_code != 200 or answer.json()["result"]["executionResult"] != 42:
            return [f"a new session is unusable: {answer.text[:300]}"]
        return []

    def _probe_routes(self, wire: Wire, name: str, running: threading.Event | None) -> list[str]:
        """Every operation on the paths of ROUTES, once, or repeatedly while the program runs."""
        breaches: list[str] = []
        if running is not None:
            if name not in RACES:
                return breaches
            time.sleep(0.3)
        while True:
            for path in ROUTES[name]:
                breaches += _probe(wire, path)
                if running is not None and not running.is_set():
                    break
            breaches += _judged(lambda: wire.call("GET", "files", params={"recursive": "true"}), "a list of files")
            if running is None or not running.is_set():
                return sorted(set(breaches))

    def server_is_there(self) -> bool:
        return _state(self.server)[0] not in ("gone", "Z")

    def end(self) -> None:
        for pid in self.victims:
            with contextlib.suppress(OSError):  # one that was stopped does not see that its time is over
                if str(self.folder).encode() in Path(f"/proc/{pid}/cmdline").read_bytes():
                    os.kill(pid, signal.SIGKILL)
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait(20)
        assert self.process.stdout is not None
        self.process.stdout.close()
        self._relay.close()

    def remove(self) -> None:
        shutil.rmtree(self.folder)


def _probe(wire: Wire, path: str) -> list[str]:
    quoted = requests.utils.quote(path, safe="%")
    folder, _, last = path.rpartition("/")
    upload = {"file": (last or "x", b"overwritten")}
    return [
        breach
        for what, call in (
            ("a download", lambda: _beginning(wire, f"files/{quoted}/content")),
            ("metadata", lambda: wire.call("GET", f"files/{quoted}")),
            ("a list", lambda: wire.call("GET", "files", params={"path": folder})),
            ("an upload", lambda: wire.call("POST", "files", params={"path": folder}, files=upload)),
            ("a download", lambda: _beginning(wire, f"files/{quoted}/content")),
            ("a deletion", lambda: wire.call("DELETE", f"files/{quoted}")),
        )
        for breach in _judged(call, f"{what} of {path[:80]!r}")
    ]


def _beginning(wire: Wire, route: str) -> requests.Response:
    """A download, read up to a mebibyte: some are endless."""
    with contextlib.suppress(requests.RequestException):
        with wire.call("GET", route, stream=True) as answer:
            answer._content = next(answer.iter_content(1 << 20), b"")
            return answer
    return requests.Response()


def _judged(call: Callable[[], requests.Response], what: str) -> list[str]:
    started = time.monotonic()
    try:
        answer = call()
    except requests.RequestException as failure:
        return [f"{what} was not answered: {failure!r}"]
    breaches = _secrets(answer)
    if answer.status_code is not None and answer.status_code >= 500:
        breaches.append(f"{what} was answered with {answer.status_code}: {answer.text[:200]}")
    if b"root:x:0" in (answer.content or b""):
        breaches.append(f"{what} gave the machine's accounts")
    if time.monotonic() - started > 5:
        breaches.append(f"{what} took {time.monotonic() - started:.1f} seconds")
    return breaches


def _secrets(answer: requests.Response) -> list[str]:
    return [f"disclosed {found}" for found in sorted(set(SECRET.findall((answer.content or b"").decode("latin-1"))))]


def _places() -> list[str]:
    """The folders in which no program may leave a file."""
    system = ["/", "/usr", "/etc", "/var", "/var/tmp", "/run", "/run/lock", "/dev", "/dev/shm", "/mnt", "/mnt/data"]
    return [
        *system,
        "/tmp",
        "/home",
        "/opt",
        "/srv",
        "/root",
        sys.prefix,
        sys.base_prefix,
        sysconfig.get_path("purelib"),
    ]


def _state(pid: int) -> tuple[str, ...]:
    """Whether a process runs, is stopped or traced, since when, how nice it is and what it may use."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return ("gone",)
    tracer = re.search(r"TracerPid:\s*(\d+)", status)
    run = "runs" if fields[0] in "RSD" else fields[0]
    return run, fields[16], fields[19], tracer[1] if tracer else ""


def _left(mark: str, seconds: float = 15) -> list[str]:
    """Processes with the mark in their name or command line that are there for so long; fifteen suffice on a busy
    machine."""
    deadline = time.monotonic() + seconds
    while (found := _marked(mark)) and time.monotonic() < deadline:
        time.sleep(0.05)
    return found


def _marked(mark: str) -> list[str]:
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if mark in (folder / "comm").read_text() or mark.encode() in (folder / "cmdline").read_bytes():
                found.append(folder.name)
    return found


class Level:
    """The selected programs at one level."""

    def __init__(self, number: int, chosen: list[str]) -> None:
        self.number = number
        self.outcomes: dict[str, Outcome] = {}
        self.machine = Machine(number, "--ready", "0")
        together = sorted(
            (name for name in chosen if name not in ALONE), key=lambda name: not name.startswith("takes_")
        )
        with ThreadPoolExecutor(4) as threads:
            for name, outcome in zip(together, threads.map(self._attack, together), strict=True):
                self.outcomes[name] = outcome
        for name in chosen:
            if name in ALONE and name not in SUCCEED_AT_LEVEL_3:
                self.outcomes[name] = self._attack(name)

    def attack_all_levels(self, chosen: list[str]) -> None:
        """The programs that affect sessions of another level, of the same user."""
        for name in chosen:
            if name in SUCCEED_AT_LEVEL_3:
                self.outcomes[name] = self._attack(name)

    def _attack(self, name: str) -> Outcome:
        machine = self.machine
        outcome = machine.attack(name)
        if not machine.server_is_there():
            outcome.breaches.append("ended the server")
            machine.end()
            machine.remove()
            self.machine = Machine(self.number, "--ready", "0")
        return outcome


@pytest.fixture(scope="module")
def levels(request: pytest.FixtureRequest) -> Iterator[dict[int, Level]]:
    """Both levels in parallel, because they mostly wait; at the end, the programs that affect other levels."""
    chosen: dict[int, set[str]] = {}
    for item in request.session.items:
        call = getattr(item, "callspec", None)
        if item.path == Path(__file__) and call is not None and "level" in call.params:
            chosen.setdefault(call.params["level"], set()).update({call.params.get("name")} - {None})
    with ThreadPoolExecutor(2) as threads:
        begun = {number: threads.submit(Level, number, sorted(names)) for number, names in chosen.items()}
    levels = {number: level.result() for number, level in begun.items()}
    for number, level in levels.items():
        level.attack_all_levels(sorted(chosen[number]))
    yield levels
    for level in levels.values():
        level.machine.end()
        level.machine.remove()


@pytest.fixture(scope="module", params=[3, 2], ids=["level-3", "level-2"])
def level(request: pytest.FixtureRequest, levels: dict[int, Level]) -> Level:
    return levels[request.param]


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[] if name in SMOKE else [pytest.mark.attacks]) for name in ATTACKS]
)
def test_attacks(level, name):
    """The program leaves no trace on what it attacks, unless it is known to succeed."""
    outcome = level.outcomes[name]
    assert outcome.tried, f"it did not come to its end: {json.dumps(outcome.body)[:3000]}"
    if name in SUCCEED[level.number]:
        assert outcome.breaches or name in MAY_FAIL, "it failed: remove it from SUCCEED"
    else:
        assert not outcome.breaches


def test_the_server_is_as_before(level):
    """After all attacks it has no more descriptors, threads, processes or memory, and has logged nothing."""
    machine = level.machine
    wait_for_processes(machine.descendants, len(machine.processes))
    wait_until(lambda: machine._count("fd") <= machine.descriptors + 4)
    assert machine._count("task") <= machine.threads + 12  # those that work on files stay
    assert machine.memory("VmRSS") - machine.resident < 200 << 20
    assert machine.judge_neighbour() == []
    assert machine.stderr()[-3000:] == ""


def test_no_listener_was_reached(level):
    """The listeners outside received nothing, not even from unknown programs."""
    received = [hit for hit in level.machine.hits() if not any(name in hit for name in SUCCEED[level.number])]
    assert received == []


@pytest.fixture(scope="module", params=[3, 2], ids=["level-3", "level-2"])
def short_lived(request: pytest.FixtureRequest) -> Iterator[Machine]:
    """A pool whose sessions end a second after their last use."""
    machine = Machine(request.param, "--cooldown", "1")
    yield machine
    machine.end()
    machine.remove()


OUTLIVE = [name for name in ATTACKS if name.startswith("outlives_")]


def leave(machine: Machine) -> dict[str, tuple[str, Wire]]:
    """Runs every program that tries to outlive its session. Returns its mark and the session."""
    sessions = {}
    for name in OUTLIVE:
        mark = f"at-{secrets.token_hex(5)}"
        sessions[name] = mark, machine.wire(f"{name}-{mark}")
        assert "TRIED" in sessions[name][1].run(machine.program(name, mark))["result"]["stdout"]
        assert _appears(mark, sessions[name][1]), name
    return sessions


def _appears(mark: str, wire: Wire) -> bool:
    """Within twenty seconds, with the session kept alive: processes that end without a pause are easily missed."""
    deadline = time.monotonic() + 20
    while not (found := bool(_marked(mark)) or _is_newest(mark)) and time.monotonic() < deadline:
        wire.run("None")
    return found


def _is_newest(mark: str) -> bool:
    """Whether one of the processes that are being started has the mark."""
    for _ in range(500):
        newest = Path("/proc/loadavg").read_text().split()[-1]
        with contextlib.suppress(OSError):
            if mark in Path(f"/proc/{newest}/comm").read_text():
                return True
    return False


def test_nothing_outlives_its_interpreter(short_lived):
    """Its processes end with it, wherever they moved; the session is usable."""
    for name, (mark, wire) in leave(short_lived).items():
        wire.run("import os; os._exit(0)")
        assert not _left(mark), name
        assert wire.value("6 * 7") == 42


def test_nothing_outlives_the_cooldown(short_lived):
    """A session that is not used ends, with everything that it started."""
    sessions = leave(short_lived)
    time.sleep(1)
    assert not {name: left for name, (mark, _) in sessions.items() if (left := _left(mark))}


def gone_from_disk(path: Path) -> bool:
    """Within fifteen seconds, which suffices on a busy machine."""
    deadline = time.monotonic() + 15
    while path.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    return not path.exists()


def test_nothing_outlives_the_server(short_lived, gone):
    """Even if it is killed: no process, no mount and no folder is left."""
    sessions = leave(short_lived)
    started = short_lived.descendants()
    os.kill(short_lived.server, signal.SIGKILL)
    assert not {name: left for name, (mark, _) in sessions.items() if (left := _left(mark))}
    assert gone(started)
    mounts = [line for line in Path("/proc/self/mountinfo").read_text().splitlines() if short_lived.folder.name in line]
    assert mounts == []
    if short_lived.pool_folder is not None:
        assert gone_from_disk(short_lived.pool_folder)


def test_programs_of_the_same_user_still_send_descriptors(level):
    """Even if a session has sent as many as it can: that is fewer than a program usually may."""
    machine = level.machine
    wire = machine.wire("sends-descriptors")
    assert "TRIED" in wire.run(machine.program("fills_messages_with_descriptors", "sent"))["result"]["stdout"]
    user = SESSION_UID if level.number == 3 else ORDINARY_UID
    program = (
        "import os, resource, socket\n"
        "resource.setrlimit(resource.RLIMIT_NOFILE, (1024, 1024))\n"
        f"os.getuid() or os.setresuid({user}, {user}, {user})\n"
        "one, other = socket.socketpair()\n"
        "socket.send_fds(one, [b'x'], [0])\n"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
    wire.call("DELETE", "session")


def test_the_documentation_lists_the_attacks_that_succeed():
    """For each level, the name of each program with the reason, and no other."""
    page = (ROOT / "docs" / "isolation.md").read_text(encoding="utf-8")
    at_level_3, at_level_2 = page.split("## What level 2 does not prevent")
    for section, programs in (
        (at_level_3, SUCCEED_AT_LEVEL_3),
        (at_level_2, {name: why for name, why in SUCCEED_AT_LEVEL_2.items() if name not in SUCCEED_AT_LEVEL_3}),
    ):
        rows = dict(re.findall(r"^ *\| `(\w+)` \| (.*)\. \|$", section, re.MULTILINE))
        assert {name: why.lower() for name, why in rows.items()} == {
            name: why.lower() for name, why in programs.items()
        }

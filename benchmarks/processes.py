"""Facts about running processes from /proc. Linux only; in bytes, unless a docstring states otherwise."""

import os
import time
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path


def below(pid: int) -> list[int]:
    """All descendants of `pid`."""
    children = defaultdict(list)
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                # The parent is the second field after the name, which is in parentheses and may contain anything.
                parent = int(Path(f"/proc/{entry}/stat").read_text().rpartition(")")[2].split()[1])
            except OSError:
                continue
            children[parent].append(int(entry))
    found: list[int] = []
    pending = [pid]
    while pending:
        own = children[pending.pop()]
        found += own
        pending += own
    return found


def children(pid: int) -> list[int]:
    """The child processes of all threads of `pid`."""
    found: list[int] = []
    for task in os.listdir(f"/proc/{pid}/task"):
        found += map(int, Path(f"/proc/{pid}/task/{task}/children").read_text().split())
    return found


def supervisor_of(server: int) -> int:
    """The process below the server from which the init processes of sessions, and the zygote, are forked.

    With namespaces, the server's child only waits for a process whose children are in another PID namespace.
    """
    for pid in children(server):
        if b"supervisor" in Path(f"/proc/{pid}/cmdline").read_bytes():
            while _only_waits(pid):
                (pid,) = children(pid)
            return pid
    raise LookupError("the server has no supervisor")


def zygote_of(supervisor: int) -> int:
    """The first child of the supervisor if sessions have namespaces; otherwise the supervisor itself."""
    first = min(children(supervisor), default=supervisor)
    same_namespace = os.readlink(f"/proc/{first}/ns/pid") == os.readlink(f"/proc/{supervisor}/ns/pid")
    return first if same_namespace and _in_namespaces(supervisor) else supervisor


def inits_of(supervisor: int) -> list[int]:
    """The init process of each session."""
    zygote = zygote_of(supervisor)
    return [pid for pid in children(supervisor) if pid != zygote]


def _in_namespaces(pid: int) -> bool:
    return os.readlink(f"/proc/{pid}/ns/pid") != os.readlink("/proc/self/ns/pid")


def _only_waits(pid: int) -> bool:
    """Whether its children are always in another PID namespace. Those of a supervisor are only while it forks."""
    for _ in range(5):
        try:
            if os.readlink(f"/proc/{pid}/ns/pid") == os.readlink(f"/proc/{pid}/ns/pid_for_children"):
                return False
        except FileNotFoundError:  # the new namespace has no process yet
            return False
        time.sleep(0.02)
    return True


def memory(pids: Iterable[int]) -> dict[str, int]:
    """The sums of `Pss`, `Private_Dirty` and the like over all of `pids` that still run. Raises PermissionError."""
    sums: dict[str, int] = defaultdict(int)
    for pid in pids:
        try:
            lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]
        except (FileNotFoundError, ProcessLookupError):
            continue
        for line in lines:
            name, _, value = line.partition(":")
            sums[name] += int(value.split()[0]) << 10
    return sums


def cpu_seconds(pid: int) -> float:
    """The CPU time of all threads of `pid` that exist, precisely."""
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e9


def status(pid: int, name: str) -> int:
    """A number from /proc/PID/status, in bytes if it has a unit."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(name + ":"):
            number, *unit = line.split()[1:]
            return int(number) << (10 if unit else 0)
    raise LookupError(name)


def resident(pid: int) -> int:
    return status(pid, "VmRSS")


def reset_peak(pid: int) -> None:
    """Reset `peak` to the current resident memory."""
    Path(f"/proc/{pid}/clear_refs").write_text("5")


def peak(pid: int) -> int:
    """The maximum of resident memory since `reset_peak`."""
    return status(pid, "VmHWM")


def open_files(pid: int) -> int:
    """The number of open file descriptors."""
    return len(os.listdir(f"/proc/{pid}/fd"))


def threads(pid: int) -> int:
    """The number of threads."""
    return status(pid, "Threads")


def mounts(pid: int) -> int:
    """The number of mounts that the process sees."""
    return len(Path(f"/proc/{pid}/mounts").read_text().splitlines())


def machine_memory(name: str) -> int:
    """A figure of the machine from /proc/meminfo, such as `MemAvailable`."""
    for line in Path("/proc/meminfo").read_text().splitlines():
        if line.startswith(name + ":"):
            return int(line.split()[1]) << 10
    raise LookupError(name)

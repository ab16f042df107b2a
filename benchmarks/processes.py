"""What the kernel tells of running processes, from /proc. Linux only; bytes, unless a docstring says otherwise."""

import os
import time
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path


def below(pid: int) -> list[int]:
    """All processes that come from `pid`, without itself."""
    children = defaultdict(list)
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                # The parent is the second field behind the name, which stands in parentheses and may hold anything.
                parent = int(Path(f"/proc/{entry}/stat").read_text().rpartition(")")[2].split()[1])
            except OSError:
                continue
            children[parent].append(int(entry))
    found: list[int] = []
    waiting = [pid]
    while waiting:
        own = children[waiting.pop()]
        found += own
        waiting += own
    return found


def children(pid: int) -> list[int]:
    """Those that the first thread of `pid` started, and any other of its threads."""
    found: list[int] = []
    for task in os.listdir(f"/proc/{pid}/task"):
        found += map(int, Path(f"/proc/{pid}/task/{task}/children").read_text().split())
    return found


def supervisor_of(server: int) -> int:
    """The process below the server that sessions' inits are forked from, and the zygote.

    With namespaces, the server's child only waits for it: that one's children live in another process table.
    """
    for pid in children(server):
        if b"supervisor" in Path(f"/proc/{pid}/cmdline").read_bytes():
            while _only_waits(pid):
                (pid,) = children(pid)
            return pid
    raise LookupError("the server has no supervisor")


def zygote_of(supervisor: int) -> int:
    """Its first child, where sessions have namespaces; without these, it is the zygote itself."""
    first = min(children(supervisor), default=supervisor)
    same_table = os.readlink(f"/proc/{first}/ns/pid") == os.readlink(f"/proc/{supervisor}/ns/pid")
    return first if same_table and _in_namespaces(supervisor) else supervisor


def inits_of(supervisor: int) -> list[int]:
    """The first process of each session."""
    zygote = zygote_of(supervisor)
    return [pid for pid in children(supervisor) if pid != zygote]


def _in_namespaces(pid: int) -> bool:
    return os.readlink(f"/proc/{pid}/ns/pid") != os.readlink("/proc/self/ns/pid")


def _only_waits(pid: int) -> bool:
    """Its children always live in another process table; those of a supervisor do while it forks a session."""
    for _ in range(5):
        try:
            if os.readlink(f"/proc/{pid}/ns/pid") == os.readlink(f"/proc/{pid}/ns/pid_for_children"):
                return False
        except FileNotFoundError:  # the other table waits for its first process
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


def status(pid: int, name: str) -> int:
    """A number from /proc/PID/status; bytes for those that have a unit."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(name + ":"):
            number, *unit = line.split()[1:]
            return int(number) << (10 if unit else 0)
    raise LookupError(name)


def resident(pid: int) -> int:
    return status(pid, "VmRSS")


def forget_peak(pid: int) -> None:
    """From now on, `peak` starts at what the process has at this moment."""
    Path(f"/proc/{pid}/clear_refs").write_text("5")


def peak(pid: int) -> int:
    """The most that was resident since `forget_peak`."""
    return status(pid, "VmHWM")


def open_files(pid: int) -> int:
    """How many descriptors are open."""
    return len(os.listdir(f"/proc/{pid}/fd"))


def threads(pid: int) -> int:
    """How many."""
    return status(pid, "Threads")


def mounts(pid: int) -> int:
    """How many the process sees."""
    return len(Path(f"/proc/{pid}/mounts").read_text().splitlines())


def machine_memory(name: str) -> int:
    """A figure of the whole machine, as `MemAvailable`."""
    for line in Path("/proc/meminfo").read_text().splitlines():
        if line.startswith(name + ":"):
            return int(line.split()[1]) << 10
    raise LookupError(name)

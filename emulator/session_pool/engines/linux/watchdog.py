"""Limits what all processes of a session use together: memory, processor time, number, objects of the kernel.

The kernel's own limits are for each process, or for all processes of a user.

Each session's init has a `Watchdog`, which looks often while something changes and rarely while nothing does, so that
hundreds of idle sessions cost nothing. Memory can be filled faster than that: the supervisor watches the machine's
memory, and when it shrinks quickly, all watchdogs look.
"""

import os
import signal
import time
from collections.abc import Iterable

from ..shared.limits import Limits
from .kernel_objects import KernelObjects

LOOK = signal.SIGALRM
"""What the supervisor sends to the inits."""
SUPERVISOR_SECONDS = 0.1

_MOMENT_SECONDS = 0.5
_SHORTEST_SECONDS, _FIRST_SECONDS, _LONGEST_SECONDS = 0.1, 0.5, 4.0
_LONGEST_STOP_SECONDS = 0.5
_OWN_THREADS = 8  # of interpreters, which can be started in a session that has as many as it may
_SAVED_SECONDS = 0.5  # of the share that can be saved up: short bursts are not stopped
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
_TICKS = os.sysconf("SC_CLK_TCK")


class MachineMemory:
    """The memory that is available on the machine."""

    def __init__(self, limits: Limits) -> None:
        self._much = limits.memory_bytes // 2
        self._since, self._left = 0.0, 0

    def shrinks(self) -> bool:
        """True if much was taken in a moment. Creating many sessions in a row takes less."""
        now, left = time.monotonic(), _available_memory()
        shrinks = left < self._left - self._much
        if shrinks or now > self._since + _MOMENT_SECONDS:
            self._since, self._left = now, left
        return shrinks


class Watchdog:
    """One session's."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._seconds = _FIRST_SECONDS
        self._seen = (0, 0)  # bytes in memory, and processes
        self._looked = time.monotonic()
        self._mapped = 0
        self._debt = 0.0  # processor seconds used beyond the share
        self._processor_seconds: dict[int, float] = {}
        self._kernel_objects = KernelObjects()

    def seconds(self, *, hurry: bool = False) -> float:
        """Until it is time to look: soon with `hurry`, but not continuously."""
        return max(0.0, self._looked + (_SHORTEST_SECONDS if hurry else self._seconds) - time.monotonic())

    def look(self, pids: list[int]) -> str | None:
        """Why the session's interpreters must end, as a sentence for the execution's result; None if they need not."""
        resident, mapped, threads, used = self._usage(pids)
        if threads > self._limits.processes + _OWN_THREADS:
            return f"the session had more than {self._limits.processes} processes and threads"
        if mapped != self._mapped:
            self._mapped = mapped
            if _shared_memory(pids) > self._limits.memory_bytes:
                return f"the session shared more than {self._limits.memory_bytes >> 20:,} MiB of memory"
        if resident > self._limits.memory_bytes and sum(map(_own_memory, pids)) > self._limits.memory_bytes:
            return f"the session used more than {self._limits.memory_bytes >> 20:,} MiB of memory"
        if excess := self._kernel_objects.excess(pids):
            return f"the session {excess}"
        seen = (resident, len(pids))
        is_quiet = seen == self._seen and used < 0.01
        self._seen = seen
        self._seconds = min(2 * self._seconds, _LONGEST_SECONDS) if is_quiet else _SHORTEST_SECONDS
        return None

    def _usage(self, pids: list[int]) -> tuple[int, int, int, float]:
        """Bytes in memory (shared ones once per process), bytes mapped, threads, and processor seconds since the last
        look."""
        resident, mapped, threads, used, times = 0, 0, 0, 0.0, {}
        for pid in pids:
            try:
                with open(f"/proc/{pid}/stat", "rb") as file:
                    fields = file.read().rpartition(b")")[2].split()
            except OSError:
                continue  # it has ended
            resident += int(fields[21]) * _PAGE_BYTES
            mapped += int(fields[20])
            threads += int(fields[17])
            times[pid] = (int(fields[11]) + int(fields[12])) / _TICKS
            used += times[pid] - self._processor_seconds.get(pid, 0.0)
        self._processor_seconds = times
        now = time.monotonic()
        debt = self._debt + used - self._limits.cpus * (now - self._looked)
        self._debt, self._looked = max(debt, -_SAVED_SECONDS), now
        if debt > 0:
            _stop_for(min(debt / self._limits.cpus, _LONGEST_STOP_SECONDS), times)
        return resident, mapped, threads, used


def _stop_for(seconds: float, pids: Iterable[int]) -> None:
    """Stops them, so that they use no more than their share over time."""
    for number in (signal.SIGSTOP, signal.SIGCONT):
        for pid in pids:
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                pass
        if number == signal.SIGSTOP:
            time.sleep(seconds)


def _shared_memory(pids: Iterable[int]) -> int:
    """Bytes of shared anonymous mappings. What processes that have ended wrote there is counted for no process."""
    found: dict[str, int] = {}
    for pid in pids:
        try:
            with open(f"/proc/{pid}/maps") as file:
                for line in file:
                    if line.endswith("/dev/zero (deleted)\n"):
                        addresses, _, _, _, inode = line.split()[:5]
                        start, _, end = addresses.partition("-")
                        found[inode] = max(found.get(inode, 0), int(end, 16) - int(start, 16))
        except OSError:
            continue
    return sum(found.values())


def _own_memory(pid: int) -> int:
    """Bytes, with its proportion of shared memory; all resident memory if the proportion cannot be read."""
    try:
        with open(f"/proc/{pid}/smaps_rollup") as file:
            return next(int(line.split()[1]) for line in file if line.startswith("Pss:")) << 10
    except (OSError, StopIteration):
        pass
    try:
        with open(f"/proc/{pid}/statm") as file:
            return int(file.read().split()[1]) * _PAGE_BYTES
    except OSError:
        return 0


def _available_memory() -> int:
    with open("/proc/meminfo") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("MemAvailable:")) << 10

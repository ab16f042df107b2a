"""What a neighbor notices while one session, or one client, of the pool is hostile: latencies, and the server's memory.

`python -m benchmarks.fairness` prints one table. A neighbor calls `1+1` in a warm session without a pause, in a process
of its own, for a few seconds of each flood. `--only WORD` selects floods by their name.
"""

import argparse
import contextlib
import multiprocessing
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from multiprocessing.queues import Queue
from multiprocessing.synchronize import Event

from . import processes
from .amounts import MEGABYTE
from .hostile_clients import CLIENTS
from .hostile_programs import PROGRAMS, Hostile
from .pool_program import Caller, PoolProgram, Refused
from .quantiles import milliseconds, p50, p95

_SETTLE_SECONDS = 1.0
_KEPT_SECONDS = 1.0
_QUIET_SECONDS = 1.0


@dataclass(frozen=True)
class Line:
    """What a flood did. In milliseconds and megabytes."""

    name: str
    quiet: float
    """The neighbor's p50 just before the flood."""

    p50: float
    p95: float
    worst: float
    peak: float
    kept: float
    """The growth of the server's memory at its peak, and a second after the flood."""

    def cells(self) -> list[str]:
        return [
            self.name,
            f"{self.quiet:.2f} ms",
            f"{self.p50:.2f} ms",
            f"{self.p50 / self.quiet:.1f} x",
            f"{self.p95:.2f} ms",
            f"{self.worst:.0f} ms",
            f"{self.peak:.0f} MB",
            f"{self.kept:.0f} MB",
        ]


def _neighbor(url: str, begun: Event, ends: Event, taken: "Queue[list[float]]") -> None:
    """Runs in a process of its own, so that it shares no interpreter lock with those that flood."""
    caller = Caller(url)
    durations: list[float] = []
    begun.set()
    while not ends.is_set():
        durations.append(milliseconds(lambda: caller.value("neighbor", "1+1")))
    taken.put(durations)


class Measurement:
    """Measures one flood after the other in one pool."""

    def __init__(self, pool: PoolProgram, seconds: float) -> None:
        self._pool = pool
        self._seconds = seconds
        self._context = multiprocessing.get_context("spawn")

    def line(self, name: str, flood: Callable[[], contextlib.AbstractContextManager[None]]) -> Line:
        """The neighbor's latencies while `flood` is entered."""
        caller = Caller(self._pool.url)
        caller.end_all()
        caller.value("neighbor", "1+1")
        time.sleep(_SETTLE_SECONDS)
        quiet = self._durations(_QUIET_SECONDS)
        before = processes.resident(self._pool.pid)
        processes.reset_peak(self._pool.pid)
        with flood():
            durations = self._durations(self._seconds)
        peak = processes.peak(self._pool.pid)
        time.sleep(_KEPT_SECONDS)
        kept = processes.resident(self._pool.pid)
        caller.end_all()
        caller.close()
        return Line(
            name,
            p50(quiet),
            p50(durations),
            p95(durations),
            max(durations),
            (peak - before) / MEGABYTE,
            (kept - before) / MEGABYTE,
        )

    def _durations(self, seconds: float) -> list[float]:
        """Of the neighbor's calls, in milliseconds."""
        ends, taken, begun = self._context.Event(), self._context.Queue(), self._context.Event()
        neighbor = self._context.Process(target=_neighbor, args=(self._pool.url, begun, ends, taken))
        neighbor.start()
        begun.wait()
        time.sleep(seconds)
        ends.set()
        durations: list[float] = taken.get(timeout=120)
        neighbor.join()
        return durations


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    yield


@contextlib.contextmanager
def _runs(url: str, hostile: Hostile) -> Iterator[None]:
    """The program runs again and again in each of its sessions."""
    ends = threading.Event()

    def repeat(number: int) -> None:
        caller = Caller(url, timeout=120)
        while not ends.is_set():
            with contextlib.suppress(OSError, Refused, ValueError):
                caller.run(f"hostile-{number}", hostile.code, timeoutInSeconds=30, **hostile.members)
            if hostile.pause:
                time.sleep(hostile.pause)

    threads = [threading.Thread(target=repeat, args=(number,), daemon=True) for number in range(hostile.sessions)]
    caller = Caller(url)
    for number in range(hostile.sessions):
        caller.value(f"hostile-{number}", "1")
    for thread in threads:
        thread.start()
    time.sleep(_SETTLE_SECONDS)
    try:
        yield
    finally:
        ends.set()
        for number in range(hostile.sessions):
            with contextlib.suppress(Refused):
                caller.end(f"hostile-{number}")
        for thread in threads:
            thread.join(30)


def main() -> int:
    options = _parser().parse_args()
    floods: dict[str, Callable[[str], contextlib.AbstractContextManager[None]]] = {
        "quiet": lambda _: _quiet(),
        **{name: partial(_runs, hostile=hostile) for name, hostile in PROGRAMS.items()},
        **CLIENTS,
    }
    chosen = {name: flood for name, flood in floods.items() if not options.only or options.only in name}
    rows = [["while", "quiet, p50", "p50", "ratio", "p95", "worst", "memory, peak", "kept"]]
    print(f"load average before: {' '.join(f'{load:.2f}' for load in os.getloadavg())}", file=sys.stderr)
    for name, flood in chosen.items():
        with PoolProgram("--max-sessions", "200") as pool:
            line = Measurement(pool, options.seconds).line(name, partial(flood, pool.url))
            rows.append(line.cells())
            print(" ".join(line.cells()), file=sys.stderr, flush=True)
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    rows.insert(1, ["-" * width for width in widths])
    for row in rows:
        print("| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fairness", description=__doc__)
    parser.add_argument("--only", default="", metavar="WORD", help="only floods whose name contains it")
    parser.add_argument("--seconds", type=float, default=4.0, help="of each flood (default 4)")
    return parser


if __name__ == "__main__":
    sys.exit(main())

"""A long run of the session pool with well-behaved and hostile sessions, to find leaks.

`python -m benchmarks.soak --sessions 2000 --seconds 300` ends when either limit is reached. It prints the resources of
the server, and of the process that sessions are forked from, over time, and a verdict for each figure at the end. The
exit code is 1 if a figure grew or a session responded incorrectly.
"""

import argparse
import http.client
import json
import random
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from . import processes
from .pool_program import Caller, PoolProgram, Refused
from .soak_programs import GRACE_SECONDS, Visit, Wrong, live

_MEGABYTE = 1e6
_SETTLE_SECONDS = 15  # until all processes of ended sessions must have exited
_MAX_COMPLAINTS = 10


@dataclass(frozen=True)
class Pids:
    """The processes that outlive the sessions."""

    server: int
    supervisor: int
    zygote: int


@dataclass(frozen=True)
class Level:
    """A figure to watch: how to read it, and by how much it may exceed the level after the warm-up."""

    name: str
    read: Callable[[Pids], float]

    slack: float = 0
    share: float = 0
    """Additional slack, as a share of the level after the warm-up."""

    is_judged: bool = True

    def grows(self, before: float, after: float) -> bool:
        return after > before + self.slack + self.share * before


LEVELS = [
    Level("server MB", lambda pids: processes.resident(pids.server) / _MEGABYTE, slack=8, share=0.1),
    Level("supervisor MB", lambda pids: processes.resident(pids.supervisor) / _MEGABYTE, slack=4, share=0.05),
    Level("zygote MB", lambda pids: processes.resident(pids.zygote) / _MEGABYTE, slack=4, share=0.05),
    Level("server fds", lambda pids: processes.open_files(pids.server), slack=4),
    Level("supervisor fds", lambda pids: processes.open_files(pids.supervisor)),
    Level("zygote fds", lambda pids: processes.open_files(pids.zygote)),
    Level("server threads", lambda pids: processes.threads(pids.server), slack=2),
    Level("processes", lambda pids: len(processes.below(pids.server))),
    Level("server mounts", lambda pids: processes.mounts(pids.server)),
    Level("supervisor mounts", lambda pids: processes.mounts(pids.supervisor)),
    # Of the entire machine, which has other processes too: reported, but not judged.
    Level("shared memory MB", lambda _: processes.machine_memory("Shmem") / _MEGABYTE, slack=64, is_judged=False),
    Level(
        "memory in use MB",
        lambda _: (processes.machine_memory("MemTotal") - processes.machine_memory("MemAvailable")) / _MEGABYTE,
        slack=256,
        is_judged=False,
    ),
]


class Soak:
    """The threads that visit sessions, and their results."""

    def __init__(self, pool: PoolProgram, *, threads: int, seed: int) -> None:
        self.pool = pool
        self._threads = threads
        self._seed = seed
        self._lock = threading.Lock()
        self._stop_at = 0.0
        self._last = 0
        self.visited = self.steps = self.waited = 0
        self.complaints: list[str] = []

    def work(self, until_session: int, until: float) -> list[threading.Thread]:
        """Start threads that visit sessions up to a number, or until a time of the monotonic clock."""
        self._last, self._stop_at = until_session, until
        started = [threading.Thread(target=self._visit_each, args=(number,)) for number in range(self._threads)]
        for thread in started:
            thread.start()
        return started

    def _visit_each(self, thread: int) -> None:
        caller = Caller(self.pool.url, timeout=60)
        while time.monotonic() < self._stop_at and self.pool.is_running:
            with self._lock:
                if self.visited >= self._last:
                    break
                self.visited += 1
                number = self.visited
            chance = random.Random(f"{self._seed}-{number}")
            try:
                steps = live(Visit(caller, f"soak-{number}", chance))
                with self._lock:
                    self.steps += steps
            except Refused as refusal:
                if refusal.status != 429:
                    self._complain(number, f"unexpected response: {refusal}")
                    continue
                with self._lock:
                    self.waited += 1
                time.sleep(0.2)  # the pool is full of sessions that have not expired yet
            except (Wrong, OSError, http.client.HTTPException, ValueError) as failure:
                self._complain(number, f"{type(failure).__name__}: {failure}")
        caller.close()

    def _complain(self, number: int, complaint: str) -> None:
        with self._lock:
            self.complaints.append(complaint)
            if len(self.complaints) <= _MAX_COMPLAINTS:
                print(f"WRONG: session {number}: {complaint}", flush=True)


class Watch:
    """Reads all levels and prints them as lines of a table."""

    def __init__(self, pool: PoolProgram) -> None:
        supervisor = processes.supervisor_of(pool.pid)
        self._pids = Pids(pool.pid, supervisor, processes.zygote_of(supervisor))
        self._url = pool.url
        self._started = time.monotonic()
        self._head = " ".join(["seconds", "sessions", *(level.name.rjust(7) for level in LEVELS)])

    def print_head(self) -> None:
        print(self._head)

    def read(self) -> list[float]:
        return [level.read(self._pids) for level in LEVELS]

    def print_line(self, visited: int, levels: list[float], remark: str = "") -> None:
        seconds = time.monotonic() - self._started
        cells = [f"{seconds:7.0f}", f"{visited:8}"]
        cells += [f"{value:{max(7, len(level.name))}.0f}" for level, value in zip(LEVELS, levels, strict=True)]
        print(" ".join(cells), remark, flush=True)

    def rest(self) -> list[float]:
        """End all sessions. Returns the levels once their processes have exited and the counts are stable."""
        caller = Caller(self._url)  # the server closes idle connections
        caller.end_all()
        caller.close()
        deadline = time.monotonic() + _SETTLE_SECONDS
        seen: list[list[float]] = []
        while True:
            time.sleep(0.5)
            seen.append(self.read()[2:-2])  # the counts; memory is never quite stable
            if len(seen) > 4 and all(levels == seen[-1] for levels in seen[-4:]) or time.monotonic() > deadline:
                return self.read()


def main() -> int:
    options = _parser().parse_args()
    with PoolProgram("--max-sessions", "600", "--cooldown", str(options.cooldown)) as pool:
        print(f"isolation: {pool.isolation}")
        print(f"seed {options.seed}, {options.threads} threads, cooldown {options.cooldown:g} s")
        soak, watch = Soak(pool, threads=options.threads, seed=options.seed), Watch(pool)
        watch.print_head()
        watch.print_line(0, watch.rest(), "at the start")
        rests: list[list[float]] = []
        for remark in ("at rest, after the warm-up third", "at rest, at the end"):
            thirds = 3 if rests else 1
            until = time.monotonic() + options.seconds * (2 if rests else 1) / 3
            _work(soak, watch, options.sessions * thirds // 3, until)
            if not pool.is_running:
                print(f"WRONG: the server exited with {pool.exit_code}")
                return 1
            rests.append(watch.rest())
            watch.print_line(soak.visited, rests[-1], remark)
        warmed, ended = rests
    return _judge(soak, warmed, ended, options.json)


def _work(soak: Soak, watch: Watch, until_session: int, until: float) -> None:
    threads = soak.work(until_session, until)
    next_line = time.monotonic()
    while any(thread.is_alive() for thread in threads):
        next_line += 10
        while time.monotonic() < next_line and any(thread.is_alive() for thread in threads):
            time.sleep(0.1)
        if soak.pool.is_running:
            watch.print_line(soak.visited, watch.read())


def _judge(soak: Soak, warmed: list[float], ended: list[float], json_path: str | None) -> int:
    print(f"\n{soak.visited} sessions, {soak.steps} steps, the pool was full {soak.waited} times")
    verdicts = {}
    failed = bool(soak.complaints)
    for level, before, after in zip(LEVELS, warmed, ended, strict=True):
        grows = level.grows(before, after)
        verdicts[level.name] = {"warmed": before, "ended": after, "grows": grows, "judged": level.is_judged}
        remark = "" if level.is_judged else "  (of the machine, not judged)"
        print(f"{level.name:<17} {before:8.1f} -> {after:8.1f}  {'grows' if grows else 'flat'}{remark}")
        failed = failed or (grows and level.is_judged)
    print(f"wrong responses   {len(soak.complaints)} (including those later than their timeout plus {GRACE_SECONDS} s)")
    if json_path:
        report = {
            "sessions": soak.visited,
            "steps": soak.steps,
            "levels": verdicts,
            "wrong": soak.complaints[:_MAX_COMPLAINTS],
        }
        Path(json_path).write_text(json.dumps(report, indent=2) + "\n")
    print("failed" if failed else "passed")
    return int(failed)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.soak", description=__doc__)
    add = parser.add_argument
    add("--sessions", type=int, default=2000, help="maximum number of sessions (default 2000)")
    add("--seconds", type=float, default=300.0, help="maximum duration, without the rests (default 300)")
    add("--threads", type=int, default=6, help="number of threads that visit sessions (default 6)")
    add("--cooldown", type=float, default=5.0, metavar="SECONDS", help="cooldown of the pool (default 5)")
    add("--seed", type=int, default=1, help="seed for what each session does (default 1)")
    add("--json", metavar="FILE", help="also write the verdicts to a file")
    return parser


if __name__ == "__main__":
    sys.exit(main())

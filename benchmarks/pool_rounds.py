"""The figures of the session pool, measured one after the other in one running pool."""

import os
import time
from collections.abc import Callable, Sequence
from functools import partial

from . import floor, processes
from .amounts import FIGURE, FRAME, IMPORTS, MEGABYTE, NEW_SESSION, PAUSE_SECONDS, Amounts, seconds_of_two
from .figures import Figure
from .pool_program import Caller, PoolProgram
from .quantiles import best_round, milliseconds, p50, p95

_UPLOAD_BYTES = 100_000_000
_MAX_GROWTH_MB = 10.0


class PoolRounds:
    """The measurements of one pool. Each ends its sessions."""

    def __init__(self, pool: PoolProgram, amounts: Amounts) -> None:
        self._pool = pool
        self._amounts = amounts
        self._caller = Caller(pool.url)
        self._made = 0

    def new_sessions(self) -> list[Figure]:
        """Without a pause, so that prepared sessions are used up; the first sessions do not count."""
        rounds = []
        for _ in range(self._amounts.rounds):
            for _ in range(20):
                self._first("1+1")
            rounds.append([self._first("1+1") for _ in range(self._amounts.new)])
            self._end_all()
        best = best_round(rounds)
        ready, rested = (
            best_round(self._later("1+1", self._amounts.paused, pause) for _ in range(self._amounts.rounds))
            for pause in (self._busy_pause, self._pause)
        )
        return [
            Figure(NEW_SESSION, "ms", [p50(best), p95(best)], [10, 25]),
            Figure("the same from the ready pool, p50 / p95", "ms", [p50(ready), p95(ready)], [2]),
            Figure("the same on an idle machine, p50 / p95", "ms", [p50(rested), p95(rested)]),
        ]

    def warm(self) -> list[Figure]:
        name = self._name()
        self._caller.run(name, "1+1")
        best = best_round(self._warm([name]) for _ in range(self._amounts.rounds))
        self._end_all()
        return [Figure("1+1 in a warm session, p50 / p95", "ms", [p50(best), p95(best)], [1.5])]

    def firsts(self) -> list[Figure]:
        figures = []
        for what, code, goal in (("pandas frame", FRAME, 10.0), ("PNG of matplotlib", FIGURE, 80.0)):
            first = self._later(code, self._amounts.firsts, self._busy_pause)
            second = []
            for _ in range(self._amounts.firsts):
                name = self._name()
                self._caller.run(name, "1+1")
                second.append(milliseconds(partial(self._succeed, name, code)))
            self._end_all()
            figures += [
                Figure(f"first {what}, first call of a new session, p50", "ms", [p50(first)], [goal]),
                Figure(f"first {what}, second call of a session, p50", "ms", [p50(second)]),
            ]
        return figures

    def created_per_second(self) -> list[Figure]:
        rates = []
        for _ in range(self._amounts.rounds):
            names = [self._name() for _ in range(self._amounts.created)]
            rates.append(len(names) / seconds_of_two(partial(_run_each, self._pool.url), names))
            self._end_all()
        return [Figure("sessions created per second, 2 callers", "/s", [max(rates)], [100], at_least=True)]

    def idle(self) -> list[Figure]:
        """Many sessions that have imported the usual libraries: their memory, and whether they slow each other down."""
        count = self._amounts.idle
        self._pause()
        supervisor = processes.supervisor_of(self._pool.pid)
        ready = len(processes.inits_of(supervisor))
        available = processes.machine_memory("MemAvailable")
        lone = self._name()
        self._caller.run(lone, IMPORTS)
        alone = self._warm([lone])
        names = [lone, *(self._name() for _ in range(count - 1))]
        for name in names[1:]:
            self._caller.run(name, IMPORTS)
        self._pause()
        lost = (available - processes.machine_memory("MemAvailable")) / count
        below = [pid for pid in processes.below(supervisor) if pid != processes.zygote_of(supervisor)]
        sums = processes.memory(below)
        sessions = max(count, len(processes.inits_of(supervisor)))  # prepared sessions have memory too
        alive = sum(self._caller.value(name, "6*7") == 42 for name in names)
        among = self._warm(names)
        again = self._warm([lone])
        alone_p50 = min(p50(alone), p50(again))
        self._end_all()
        return [
            Figure(
                f"PSS per idle session with imports, {count} sessions",
                "MB",
                [sums["Pss"] / sessions / MEGABYTE],
                [12],
            ),
            Figure("of which private dirty", "MB", [sums["Private_Dirty"] / sessions / MEGABYTE]),
            Figure("decrease of MemAvailable per session (machine)", "MB", [lost / MEGABYTE]),
            Figure("processes per session", "", [len(below) / sessions]),
            Figure("sessions prepared by the pool", "", [ready]),
            Figure(f"alive of {count} idle sessions", "", [alive], [count], at_least=True),
            Figure(f"1+1 across {count} sessions, p50 / p95", "ms", [p50(among), p95(among)]),
            Figure("its p50, relative to a single session", "x", [p50(among) / alone_p50], [1.3]),
            Figure("p50 of one session with idle ones, relative to before", "x", [p50(again) / p50(alone)], [1.3]),
        ]

    def files(self) -> list[Figure]:
        name = self._name()
        self._caller.run(name, "1+1")
        content = os.urandom(1 << 20) * (_UPLOAD_BYTES >> 20)
        grown = []
        times = []
        for action in (
            lambda: self._caller.upload(name, "large.bin", content),
            lambda: _check(self._caller.download(name, "large.bin") == content, "the downloaded file differs"),
        ):
            processes.reset_peak(self._pool.pid)
            before = processes.resident(self._pool.pid)
            times.append(milliseconds(action) / 1000)
            grown.append((processes.peak(self._pool.pid) - before) / MEGABYTE)
        self._end_all()
        return [
            Figure("upload of 100 MB / its download", "s", times),
            Figure("growth of the server's peak RSS", "MB", grown, [_MAX_GROWTH_MB] * 2),
        ]

    def floor(self) -> list[Figure]:
        empty = best_round(
            [milliseconds(self._caller.empty) for _ in range(self._amounts.warm)] for _ in range(self._amounts.rounds)
        )
        own = floor.measured(max(50, self._amounts.new))
        return [
            Figure("floor: empty HTTP request, p50 / p95", "ms", [p50(empty), p95(empty)]),
            Figure("floor: fork and wait, libraries imported, p50", "ms", [p50(own["fork"])]),
            Figure("floor: message round trip between processes, p50", "ms", [p50(own["socketpair"])]),
        ]

    def _name(self) -> str:
        self._made += 1
        return f"measured-{self._made}"

    def _first(self, code: str) -> float:
        """The duration of the first run in a new session, in milliseconds."""
        name = self._name()
        return milliseconds(partial(self._succeed, name, code))

    def _later(self, code: str, count: int, pause: Callable[[], None]) -> list[float]:
        taken = []
        for _ in range(count):
            pause()
            taken.append(self._first(code))
        self._end_all()
        return taken

    def _warm(self, names: Sequence[str]) -> list[float]:
        taken = []
        for number in range(self._amounts.warm):
            name = names[number * 7919 % len(names)]
            taken.append(milliseconds(partial(self._succeed, name, "1+1")))
        return taken

    def _succeed(self, name: str, code: str) -> None:
        self._caller.value(name, code)

    @staticmethod
    def _pause() -> None:
        time.sleep(PAUSE_SECONDS)

    def _busy_pause(self) -> None:
        """A pause with calls of another session, so that the processors do not sleep."""
        end = time.monotonic() + PAUSE_SECONDS
        while time.monotonic() < end:
            self._caller.run("other", "1+1")
            time.sleep(0.005)

    def _end_all(self) -> None:
        """End all sessions, and wait until their processes have exited, which uses the processors."""
        self._caller.end_all()
        supervisor = processes.supervisor_of(self._pool.pid)
        deadline = time.monotonic() + 10
        counts = [len(processes.inits_of(supervisor))]
        while time.monotonic() < deadline and (len(counts) < 3 or len(set(counts[-3:])) > 1):
            time.sleep(0.2)
            counts.append(len(processes.inits_of(supervisor)))


def _run_each(url: str, names: Sequence[str]) -> None:
    caller = Caller(url)
    for name in names:
        caller.value(name, "1+1")
    caller.close()


def _check(is_met: bool, problem: str) -> None:
    if not is_met:
        raise RuntimeError(problem)

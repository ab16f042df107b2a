"""How fast and how small the session pool's sessions are on this machine, beside Jupyter's kernel gateway.

`python -m benchmarks.session_pool` prints one table; `--help` tells the options. What each line means, and what was
measured, is in README.md beside this.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from . import floor, processes
from .figures import Figure, table
from .gateway import GatewayKernel, GatewayProgram
from .pool_program import Caller, PoolProgram
from .quantiles import best_round, milliseconds, p50, p95

_PAUSE_SECONDS = 0.3  # in which a pool may make sessions ready
_IMPORTS = "import numpy, pandas, matplotlib.pyplot"
_FRAME = "import pandas as pd\npd.DataFrame({'city': ['Lyon', 'Oslo'], 'sales': [3, 4]})"
_FIGURE = "import matplotlib.pyplot as plt\nplt.plot([1, 3, 2])\nplt.show()"
_NEW = "new session, first result of 1+1, p50 / p95"
_UPLOAD_BYTES = 100_000_000
_FLAT_MEGABYTES = 10.0
_MEGABYTE = 1e6


@dataclass(frozen=True)
class Amounts:
    """How often each thing is done."""

    rounds: int = 3
    new: int = 100
    paused: int = 30
    warm: int = 2000
    firsts: int = 30
    idle: int = 500
    created: int = 200
    kernels: int = 10


_QUICK = Amounts(rounds=1, new=30, paused=8, warm=300, firsts=8, idle=50, created=40, kernels=2)


class PoolRounds:
    """All that is measured at one pool, one after the other. Sessions are ended behind each measurement."""

    def __init__(self, pool: PoolProgram, amounts: Amounts) -> None:
        self._pool = pool
        self._amounts = amounts
        self._caller = Caller(pool.url)
        self._made = 0

    def new_sessions(self) -> list[Figure]:
        """Back to back, so that sessions which the pool may keep ready are used up: the first of them do not count."""
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
            Figure(_NEW, "ms", [p50(best), p95(best)], [10, 25]),
            Figure("the same from the ready pool, p50 / p95", "ms", [p50(ready), p95(ready)], [2]),
            Figure("the same on a machine that rested, p50 / p95", "ms", [p50(rested), p95(rested)]),
        ]

    def warm(self) -> list[Figure]:
        name = self._name()
        self._caller.run(name, "1+1")
        best = best_round(self._warm([name]) for _ in range(self._amounts.rounds))
        self._end_all()
        return [Figure("1+1 in a session that has run before, p50 / p95", "ms", [p50(best), p95(best)], [1.5])]

    def firsts(self) -> list[Figure]:
        figures = []
        for what, code, goal in (("pandas frame", _FRAME, 10.0), ("PNG of matplotlib", _FIGURE, 80.0)):
            whole = self._later(code, self._amounts.firsts, self._busy_pause)
            second = []
            for _ in range(self._amounts.firsts):
                name = self._name()
                self._caller.run(name, "1+1")
                second.append(milliseconds(partial(self._succeed, name, code)))
            self._end_all()
            figures += [
                Figure(f"first {what}, first call of a new session, p50", "ms", [p50(whole)], [goal]),
                Figure(f"first {what}, second call of a session, p50", "ms", [p50(second)]),
            ]
        return figures

    def created_per_second(self) -> list[Figure]:
        rates = []
        for _ in range(self._amounts.rounds):
            names = [self._name() for _ in range(self._amounts.created)]
            rates.append(len(names) / seconds_of_two(partial(_answer_each, self._pool.url), names))
            self._end_all()
        return [Figure("sessions made per second, 2 callers", "/s", [max(rates)], [100], at_least=True)]

    def idle(self) -> list[Figure]:
        """Many sessions with the usual libraries imported: what they take, and whether they slow each other down."""
        count = self._amounts.idle
        self._pause()
        supervisor = processes.supervisor_of(self._pool.pid)
        ready = len(processes.inits_of(supervisor))
        available = processes.machine_memory("MemAvailable")
        lone = self._name()
        self._caller.run(lone, _IMPORTS)
        alone = self._warm([lone])
        names = [lone, *(self._name() for _ in range(count - 1))]
        for name in names[1:]:
            self._caller.run(name, _IMPORTS)
        self._pause()
        lost = (available - processes.machine_memory("MemAvailable")) / count
        below = [pid for pid in processes.below(supervisor) if pid != processes.zygote_of(supervisor)]
        sums = processes.memory(below)
        sessions = max(count, len(processes.inits_of(supervisor)))  # those that the pool keeps ready have memory too
        alive = sum(self._caller.value(name, "6*7") == 42 for name in names)
        among = self._warm(names)
        again = self._warm([lone])
        alone_p50 = min(p50(alone), p50(again))
        self._end_all()
        return [
            Figure(
                f"PSS per idle session with imports, {count} sessions",
                "MB",
                [sums["Pss"] / sessions / _MEGABYTE],
                [12],
            ),
            Figure("of which private and changed", "MB", [sums["Private_Dirty"] / sessions / _MEGABYTE]),
            Figure("MemAvailable lost per session (whole machine)", "MB", [lost / _MEGABYTE]),
            Figure("processes per session", "", [len(below) / sessions]),
            Figure("sessions kept ready by the pool", "", [ready]),
            Figure(f"alive of {count} idle sessions", "", [alive], [count], at_least=True),
            Figure(f"1+1 among {count} sessions, p50 / p95", "ms", [p50(among), p95(among)]),
            Figure("its p50 against that of one session", "x", [p50(among) / alone_p50], [1.3]),
            Figure("one session's p50 beside idle ones, against before", "x", [p50(again) / p50(alone)], [1.3]),
        ]

    def files(self) -> list[Figure]:
        name = self._name()
        self._caller.run(name, "1+1")
        content = os.urandom(1 << 20) * (_UPLOAD_BYTES >> 20)
        grown = []
        times = []
        for action in (
            lambda: self._caller.upload(name, "large.bin", content),
            lambda: _check(self._caller.download(name, "large.bin") == content, "the file came back changed"),
        ):
            processes.forget_peak(self._pool.pid)
            before = processes.resident(self._pool.pid)
            times.append(milliseconds(action) / 1000)
            grown.append((processes.peak(self._pool.pid) - before) / _MEGABYTE)
        self._end_all()
        return [
            Figure("upload of 100 MB / its download", "s", times),
            Figure("growth of the server's peak RSS meanwhile", "MB", grown, [_FLAT_MEGABYTES] * 2),
        ]

    def floor(self) -> list[Figure]:
        empty = best_round(
            [milliseconds(self._caller.empty) for _ in range(self._amounts.warm)] for _ in range(self._amounts.rounds)
        )
        own = floor.measured(max(50, self._amounts.new))
        return [
            Figure("floor: HTTP request that does nothing, p50 / p95", "ms", [p50(empty), p95(empty)]),
            Figure("floor: fork and wait, libraries imported, p50", "ms", [p50(own["fork"])]),
            Figure("floor: word there and back between processes, p50", "ms", [p50(own["socketpair"])]),
        ]

    def _name(self) -> str:
        self._made += 1
        return f"measured-{self._made}"

    def _first(self, code: str) -> float:
        """A new session's first answer, in milliseconds."""
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
        time.sleep(_PAUSE_SECONDS)

    def _busy_pause(self) -> None:
        """As long, with calls of another session: processors that slept would be measured with what comes next."""
        end = time.monotonic() + _PAUSE_SECONDS
        while time.monotonic() < end:
            self._caller.run("beside", "1+1")
            time.sleep(0.005)

    def _end_all(self) -> None:
        """Also waits until their processes are gone, which takes the processors a moment."""
        self._caller.end_all()
        supervisor = processes.supervisor_of(self._pool.pid)
        deadline = time.monotonic() + 10
        counts = [len(processes.inits_of(supervisor))]
        while time.monotonic() < deadline and (len(counts) < 3 or len(set(counts[-3:])) > 1):
            time.sleep(0.2)
            counts.append(len(processes.inits_of(supervisor)))


class GatewayRounds:
    """The same of the kernel gateway, by the names of the pool's figures."""

    def __init__(self, gateway: GatewayProgram, amounts: Amounts) -> None:
        self._gateway = gateway
        self._amounts = amounts
        self._connection = gateway.connection()
        self._kernels: list[GatewayKernel] = []

    def measured(self) -> dict[str, list[float]]:
        """In the units of the figures."""
        amounts = self._amounts
        new = [milliseconds(partial(self._new, "1+1")) for _ in range(amounts.kernels)]
        seconds = [milliseconds(partial(kernel.run, _FRAME)) for kernel in self._kernels]
        self._end_all()
        self._new("1+1")
        (lone,) = self._kernels
        warm = best_round(
            [milliseconds(partial(lone.run, "1+1")) for _ in range(amounts.warm)] for _ in range(amounts.rounds)
        )
        self._end_all()
        frames = [milliseconds(partial(self._new, _FRAME)) for _ in range(amounts.kernels)]
        self._end_all()
        pictures = [milliseconds(partial(self._new, _FIGURE)) for _ in range(amounts.kernels)]
        self._end_all()
        for _ in range(amounts.kernels):
            self._new("1+1")
        second_pictures = [milliseconds(partial(kernel.run, _FIGURE)) for kernel in self._kernels]
        self._end_all()
        time.sleep(1)
        available = processes.machine_memory("MemAvailable")
        for _ in range(amounts.kernels):
            self._new(_IMPORTS)
        time.sleep(_PAUSE_SECONDS)
        lost = (available - processes.machine_memory("MemAvailable")) / amounts.kernels
        below = processes.below(self._gateway.pid)
        sums = processes.memory(below)
        self._end_all()
        names = [""] * (2 * amounts.kernels)
        rate = len(names) / seconds_of_two(self._make_each, names)
        empty = [milliseconds(lambda: self._gateway.empty(self._connection)) for _ in range(amounts.warm)]
        count = amounts.idle
        return {
            _NEW: [p50(new), p95(new)],
            "1+1 in a session that has run before, p50 / p95": [p50(warm), p95(warm)],
            f"PSS per idle session with imports, {count} sessions": [sums["Pss"] / amounts.kernels / _MEGABYTE],
            "of which private and changed": [sums["Private_Dirty"] / amounts.kernels / _MEGABYTE],
            "MemAvailable lost per session (whole machine)": [lost / _MEGABYTE],
            "processes per session": [len(below) / amounts.kernels],
            "sessions made per second, 2 callers": [rate],
            "first pandas frame, first call of a new session, p50": [p50(frames)],
            "first pandas frame, second call of a session, p50": [p50(seconds)],
            "first PNG of matplotlib, first call of a new session, p50": [p50(pictures)],
            "first PNG of matplotlib, second call of a session, p50": [p50(second_pictures)],
            "floor: HTTP request that does nothing, p50 / p95": [p50(empty), p95(empty)],
        }

    def _new(self, code: str) -> None:
        kernel = self._gateway.kernel(self._connection)
        self._kernels.append(kernel)
        kernel.run(code)

    def _make_each(self, names: Sequence[str]) -> None:
        connection = self._gateway.connection()
        for _ in names:
            kernel = self._gateway.kernel(connection)
            kernel.run("1+1")
            self._gateway.end(connection, kernel)

    def _end_all(self) -> None:
        while self._kernels:
            self._gateway.end(self._connection, self._kernels.pop())


def _answer_each(url: str, names: Sequence[str]) -> None:
    caller = Caller(url)
    for name in names:
        caller.value(name, "1+1")
    caller.close()


def seconds_of_two(work: Callable[[Sequence[str]], None], names: Sequence[str]) -> float:
    """How long two threads take that share the names. Raises RuntimeError when one of them failed."""
    failures: list[BaseException] = []

    def run(some: Sequence[str]) -> None:
        try:
            work(some)
        except BaseException as failure:
            failures.append(failure)

    threads = [threading.Thread(target=run, args=(names[start::2],)) for start in range(2)]
    started = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise RuntimeError("a caller failed") from failures[0]
    return time.perf_counter() - started


def _check(holds: bool, otherwise: str) -> None:
    if not holds:
        raise RuntimeError(otherwise)


def machine_facts() -> dict[str, str]:
    """Nothing that names the machine."""
    names = [line.partition(":")[2].strip() for line in Path("/proc/cpuinfo").read_text().splitlines()
             if line.startswith("model name")]  # fmt: skip
    memory = processes.machine_memory("MemTotal") / 1e9
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "processors": f"{os.cpu_count()} x {names[0] if names else platform.machine()}",
        "memory": f"{memory:.1f} GB, {processes.machine_memory('MemAvailable') / 1e9:.1f} GB available before",
        "kernel": f"{platform.system()} {platform.release().partition('-')[0]}",
        "Python": platform.python_version(),
        "load average before": " ".join(f"{load:.2f}" for load in os.getloadavg()),
    }


def main() -> int:
    options = _parser().parse_args()
    amounts = _QUICK if options.quick else Amounts()
    facts = machine_facts()
    with PoolProgram("--max-sessions", "600") as pool:
        facts["isolation"] = pool.isolation
        rounds = PoolRounds(pool, amounts)
        steps = [
            rounds.new_sessions, rounds.warm, rounds.firsts, rounds.created_per_second, rounds.idle, rounds.files,
            rounds.floor,
        ]  # fmt: skip
        figures = [figure for step in steps for figure in _told(step)]
    if not (options.quick or options.without_gateway):
        _tell("the kernel gateway")
        try:
            with GatewayProgram() as gateway:
                theirs = GatewayRounds(gateway, amounts).measured()
            for figure in figures:
                figure.gateway = theirs.get(figure.name)
        except (OSError, RuntimeError, subprocess.CalledProcessError) as failure:
            print(f"the kernel gateway could not be measured: {failure}", file=sys.stderr)
    facts["load average after"] = " ".join(f"{load:.2f}" for load in os.getloadavg())
    for name, value in facts.items():
        print(f"{name:<20} {value}")
    print(f"\n{table(figures)}")
    if options.json:
        told = {"facts": facts, "figures": [figure.members() for figure in figures]}
        Path(options.json).write_text(json.dumps(told, indent=2) + "\n")
    return 0


def _told(step: Callable[[], list[Figure]]) -> list[Figure]:
    _tell(step.__name__.replace("_", " "))
    return step()


def _tell(what: str) -> None:
    print(f"measuring: {what}", file=sys.stderr, flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.session_pool", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="everything a few times only, and no gateway")
    parser.add_argument("--without-gateway", action="store_true", help="the session pool alone")
    parser.add_argument("--json", metavar="FILE", help="write the figures there too")
    return parser


if __name__ == "__main__":
    sys.exit(main())

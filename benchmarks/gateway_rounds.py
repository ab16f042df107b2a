"""The same figures of Jupyter's kernel gateway, as far as it has them."""

import time
from collections.abc import Sequence
from functools import partial

from . import processes
from .amounts import FIGURE, FRAME, IMPORTS, MEGABYTE, NEW_SESSION, PAUSE_SECONDS, Amounts, seconds_of_two
from .gateway import GatewayKernel, GatewayProgram
from .quantiles import best_round, milliseconds, p50, p95


class GatewayRounds:
    """The measurements of one gateway."""

    def __init__(self, gateway: GatewayProgram, amounts: Amounts) -> None:
        self._gateway = gateway
        self._amounts = amounts
        self._connection = gateway.connection()
        self._kernels: list[GatewayKernel] = []

    def measured(self) -> dict[str, list[float]]:
        """The numbers by the names of the pool's figures, in their units."""
        amounts = self._amounts
        new = [milliseconds(partial(self._new, "1+1")) for _ in range(amounts.kernels)]
        seconds = [milliseconds(partial(kernel.run, FRAME)) for kernel in self._kernels]
        self._end_all()
        self._new("1+1")
        (lone,) = self._kernels
        warm = best_round(
            [milliseconds(partial(lone.run, "1+1")) for _ in range(amounts.warm)] for _ in range(amounts.rounds)
        )
        self._end_all()
        frames = [milliseconds(partial(self._new, FRAME)) for _ in range(amounts.kernels)]
        self._end_all()
        pictures = [milliseconds(partial(self._new, FIGURE)) for _ in range(amounts.kernels)]
        self._end_all()
        for _ in range(amounts.kernels):
            self._new("1+1")
        second_pictures = [milliseconds(partial(kernel.run, FIGURE)) for kernel in self._kernels]
        self._end_all()
        time.sleep(1)
        available = processes.machine_memory("MemAvailable")
        for _ in range(amounts.kernels):
            self._new(IMPORTS)
        time.sleep(PAUSE_SECONDS)
        lost = (available - processes.machine_memory("MemAvailable")) / amounts.kernels
        below = processes.below(self._gateway.pid)
        sums = processes.memory(below)
        self._end_all()
        names = [""] * (2 * amounts.kernels)
        rate = len(names) / seconds_of_two(self._create_each, names)
        empty = [milliseconds(lambda: self._gateway.empty(self._connection)) for _ in range(amounts.warm)]
        count = amounts.idle
        return {
            NEW_SESSION: [p50(new), p95(new)],
            "1+1 in a warm session, p50 / p95": [p50(warm), p95(warm)],
            f"PSS per idle session with imports, {count} sessions": [sums["Pss"] / amounts.kernels / MEGABYTE],
            "of which private dirty": [sums["Private_Dirty"] / amounts.kernels / MEGABYTE],
            "decrease of MemAvailable per session (machine)": [lost / MEGABYTE],
            "processes per session": [len(below) / amounts.kernels],
            "sessions created per second, 2 callers": [rate],
            "first pandas frame, first call of a new session, p50": [p50(frames)],
            "first pandas frame, second call of a session, p50": [p50(seconds)],
            "first PNG of matplotlib, first call of a new session, p50": [p50(pictures)],
            "first PNG of matplotlib, second call of a session, p50": [p50(second_pictures)],
            "floor: empty HTTP request, p50 / p95": [p50(empty), p95(empty)],
        }

    def _new(self, code: str) -> None:
        kernel = self._gateway.kernel(self._connection)
        self._kernels.append(kernel)
        kernel.run(code)

    def _create_each(self, names: Sequence[str]) -> None:
        connection = self._gateway.connection()
        for _ in names:
            kernel = self._gateway.kernel(connection)
            kernel.run("1+1")
            self._gateway.end(connection, kernel)

    def _end_all(self) -> None:
        while self._kernels:
            self._gateway.end(self._connection, self._kernels.pop())

"""What the pool and the kernel gateway have in common when they are measured: amounts, code, and names of figures."""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

PAUSE_SECONDS = 0.3
"""The time in which a pool may prepare sessions."""

IMPORTS = "import numpy, pandas, matplotlib.pyplot"
FRAME = "import pandas as pd\npd.DataFrame({'city': ['Lyon', 'Oslo'], 'sales': [3, 4]})"
FIGURE = "import matplotlib.pyplot as plt\nplt.plot([1, 3, 2])\nplt.show()"
NEW_SESSION = "new session, first result of 1+1, p50 / p95"
MEGABYTE = 1e6


@dataclass(frozen=True)
class Amounts:
    """How often each measurement is repeated, and the number of sessions."""

    rounds: int = 3
    new: int = 100
    paused: int = 30
    warm: int = 2000
    firsts: int = 30
    idle: int = 500
    created: int = 200
    kernels: int = 10


QUICK = Amounts(rounds=1, new=30, paused=8, warm=300, firsts=8, idle=50, created=40, kernels=2)


def seconds_of_two(work: Callable[[Sequence[str]], None], names: Sequence[str]) -> float:
    """The duration of `work` on the names, shared by two threads. Raises RuntimeError if a thread failed."""
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

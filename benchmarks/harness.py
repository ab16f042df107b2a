"""What rich results cost: runs with the harness beside the same runs sent bare, in sessions of one pool.

Bare and reported runs take turns, so that what else the machine does meets both. Both are calls of the pool over HTTP,
as the connector makes them; the connector itself is not measured.
"""

import itertools
import sys
import uuid
from functools import partial

from connector.harness.cell import make_cell
from connector.harness.report import read_stdout

from .figures import Figure, table
from .pool_program import Caller, PoolProgram
from .quantiles import milliseconds, p50

_RUNS = 300
_FIRSTS = 30
_AGED_RUNS = 1000
_STREAM = 1_000_000
_MAKE_FILES = "for n in range(500): open(f'/mnt/data/{n}.csv', 'w').write('a,b')"


def reported(caller: Caller, session: str, code: str) -> None:
    """One run as the connector sends it. Raises RuntimeError without a report."""
    cell = make_cell(code, execution_id=str(uuid.uuid4()), longest_report=_STREAM)
    answer = caller.run(session, cell.text, outputStreamsMaxLength=_STREAM)
    if read_stdout(answer["result"]["stdout"], cell.nonce) is None:
        raise RuntimeError(f"no report: {answer}")


def added(caller: Caller, name: str) -> tuple[float, float]:
    """Medians of a warm `1+1`, bare and reported, in two sessions that take turns."""
    bare, rich = [], []
    for _ in range(_RUNS):
        bare.append(milliseconds(partial(caller.run, f"{name}-bare", "1+1")))
        rich.append(milliseconds(partial(reported, caller, f"{name}-rich", "1+1")))
    return p50(bare), p50(rich)


def firsts(caller: Caller) -> tuple[float, float]:
    bare, rich = [], []
    for number in range(_FIRSTS):
        bare.append(milliseconds(partial(caller.run, f"first-bare-{number}", "1+1")))
        rich.append(milliseconds(partial(reported, caller, f"first-rich-{number}", "1+1")))
    return p50(bare), p50(rich)


def main() -> int:
    figures: list[Figure] = []

    def tell(name: str, medians: tuple[float, float], goal: float | None = None) -> None:
        bare, rich = medians
        figures.append(Figure(f"{name}: added", "ms", [rich - bare], None if goal is None else [goal]))
        figures.append(Figure(f"{name}: bare / reported", "ms", [bare, rich]))

    with PoolProgram("--max-sessions", "200") as pool:
        caller = Caller(pool.url)
        for kind, code in itertools.product(("bare", "rich"), ("1+1",)):
            caller.run(f"warm-{kind}", code)
        reported(caller, "warm-rich", "1+1")
        tell("warm 1+1, p50", added(caller, "warm"), 1)
        for kind in ("bare", "rich"):
            caller.run(f"files-{kind}", _MAKE_FILES)
        tell("warm 1+1 with 500 files, p50", added(caller, "files"), 2)
        for _ in range(_AGED_RUNS):
            caller.run("warm-bare", "1+1")
            reported(caller, "warm-rich", "1+1")
        tell(f"warm 1+1 behind {_AGED_RUNS} runs, p50", added(caller, "warm"), 1)
        tell("first run of a session, p50", firsts(caller))
        caller.close()
    size = len(make_cell("1+1", execution_id=str(uuid.uuid4()), longest_report=_STREAM).text)
    figures.append(Figure("characters sent beside the code", "", [size]))
    print(table(figures))
    return 0


if __name__ == "__main__":
    sys.exit(main())

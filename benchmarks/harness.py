"""What rich results cost: runs with the harness beside the same runs sent bare, in sessions of one pool.

Bare and reported runs take turns, so that what else the machine does meets both. Both are calls of the pool over HTTP,
as the connector makes them; the connector itself is not measured.
"""

import sys
import uuid
from collections.abc import Iterable
from functools import partial

from connector.in_session.cell import make_cell
from connector.in_session.report import read_stdout

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
    cell = make_cell(code, execution_id=str(uuid.uuid4()), max_report_characters=_STREAM)
    answer = caller.run(session, cell.text, outputStreamsMaxLength=_STREAM)
    if read_stdout(answer["result"]["stdout"], cell.nonce) is None:
        raise RuntimeError(f"no report: {answer}")


def medians(caller: Caller, names: Iterable[str]) -> tuple[float, float]:
    """Of `1+1`, bare and reported: a run of each for each name, in two sessions that take turns."""
    bare, rich = [], []
    for name in names:
        bare.append(milliseconds(partial(caller.run, f"{name}-bare", "1+1")))
        rich.append(milliseconds(partial(reported, caller, f"{name}-rich", "1+1")))
    return p50(bare), p50(rich)


def main() -> int:
    figures: list[Figure] = []

    def tell(name: str, measured: tuple[float, float], goal: float | None = None) -> None:
        bare, rich = measured
        figures.append(Figure(f"{name}: added", "ms", [rich - bare], None if goal is None else [goal]))
        figures.append(Figure(f"{name}: bare / reported", "ms", [bare, rich]))

    with PoolProgram("--max-sessions", "200") as pool:
        caller = Caller(pool.url)
        medians(caller, ["warm"])
        tell("warm 1+1, p50", medians(caller, ["warm"] * _RUNS), 1)
        for kind in ("bare", "rich"):
            caller.run(f"files-{kind}", _MAKE_FILES)
        tell("warm 1+1 with 500 files, p50", medians(caller, ["files"] * _RUNS), 2)
        medians(caller, ["warm"] * _AGED_RUNS)
        tell(f"warm 1+1 behind {_AGED_RUNS} runs, p50", medians(caller, ["warm"] * _RUNS), 1)
        tell("first run of a session, p50", medians(caller, [f"first-{number}" for number in range(_FIRSTS)]))
        caller.close()
    size = len(make_cell("1+1", execution_id=str(uuid.uuid4()), max_report_characters=_STREAM).text)
    figures.append(Figure("characters sent beside the code", "", [size]))
    print(table(figures))
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""The cost of rich results: runs with the connector's payload, and direct runs of the same code, in one pool.

Reported and direct runs alternate, so that other work on the machine affects both. Both are calls of the pool over
HTTP, as the connector makes them; the connector itself is not measured.
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


def reported(caller: Caller, session: str, code: str, *, is_first: bool) -> None:
    """Run code as the connector does: in a short cell, unless it `is_first`. Raises RuntimeError without a report."""
    cell = make_cell(code, execution_id=str(uuid.uuid4()), max_report_characters=_STREAM)
    assert cell.short is not None
    response = caller.run(session, cell.text if is_first else cell.short, outputStreamsMaxLength=_STREAM)
    if read_stdout(response["result"]["stdout"], cell.nonce) is None:
        raise RuntimeError(f"no report: {response}")


def medians(caller: Caller, names: Iterable[str], *, are_new: bool = False) -> tuple[float, float]:
    """The medians of direct and reported runs of `1+1`: for each name one run of each kind, in two sessions."""
    direct, reported_runs = [], []
    for name in names:
        direct.append(milliseconds(partial(caller.run, f"{name}-direct", "1+1")))
        reported_runs.append(milliseconds(partial(reported, caller, f"{name}-reported", "1+1", is_first=are_new)))
    return p50(direct), p50(reported_runs)


def main() -> int:
    figures: list[Figure] = []

    def add(name: str, measured: tuple[float, float], goal: float | None = None) -> None:
        direct, with_report = measured
        figures.append(Figure(f"{name}: added", "ms", [with_report - direct], None if goal is None else [goal]))
        figures.append(Figure(f"{name}: direct / reported", "ms", [direct, with_report]))

    with PoolProgram("--max-sessions", "200") as pool:
        caller = Caller(pool.url)
        medians(caller, ["warm", "files"], are_new=True)
        add("warm 1+1, p50", medians(caller, ["warm"] * _RUNS), 1)
        for kind in ("direct", "reported"):
            caller.run(f"files-{kind}", _MAKE_FILES)
        add("warm 1+1 with 500 files, p50", medians(caller, ["files"] * _RUNS), 2)
        medians(caller, ["warm"] * _AGED_RUNS)
        add(f"warm 1+1 after {_AGED_RUNS} runs, p50", medians(caller, ["warm"] * _RUNS), 1)
        add(
            "first run of a session, p50",
            medians(caller, [f"first-{number}" for number in range(_FIRSTS)], are_new=True),
        )
        caller.close()
    cell = make_cell("1+1", execution_id=str(uuid.uuid4()), max_report_characters=_STREAM)
    figures.append(Figure("characters sent: first run / later ones", "", [len(cell.text), len(cell.short or "")]))
    print(table(figures))
    return 0


if __name__ == "__main__":
    sys.exit(main())

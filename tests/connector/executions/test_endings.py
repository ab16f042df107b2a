"""How runs end: by an exit, by a crash, by their timeout, and what is then in the result."""

import re
import sys
import uuid
from collections.abc import Callable

import pytest

from connector.executions.operations import execute_python_code, get_execution
from connector.models import Execution
from connector.session_pool.client import SessionPoolClient
from connector.session_pool.facts import PoolFacts
from connector.session_pool.pools import Pools
from connector.session_pool.sessions import CallerSessions
from tests.conftest import Emulator
from tests.connector.conftest import Token

KINDS = {"one call": 60, "background": 300}
Run = Callable[..., Execution]


@pytest.fixture(params=list(KINDS))
def run(request: pytest.FixtureRequest, pool: CallerSessions, session_id: str) -> Run:
    """Runs code in the test's session, in one call of the pool or in the background."""

    def run(code: str, **members: object) -> Execution:
        arguments = {"timeout_in_seconds": KINDS[request.param], "session_id": session_id, **members}
        return execute_python_code(pool, PoolFacts(rich_results=True), python_code=code, **arguments)  # type: ignore[arg-type]

    return run


@pytest.mark.parametrize(
    "exits",
    [
        "exit()",
        "exit(0)",
        "quit()",
        "quit(0)",
        "exit",
        "if True:\n    quit",
        "import sys\nsys.exit()",
        "import sys\ndef f(): sys.exit(0)\nf()",
        "raise SystemExit",
        "import asyncio\nawait asyncio.sleep(0.01)\nexit(0)",
        "import asyncio, sys\nasync def f(): sys.exit(0)\nawait asyncio.gather(f())",
    ],
)
def test_a_regular_exit_ends_the_run_and_succeeds(run: Run, exits: str) -> None:
    """There, with what was written before. Nothing is in stderr, and variables are kept."""
    execution = run(f"kept = 5\nprint('before')\n{exits}\nprint('never')")
    assert (execution.status, execution.stdout, execution.stderr) == ("Succeeded", "before\n", "")
    assert (execution.error, execution.notice) == (None, None)
    assert run("kept").value == 5


@pytest.mark.parametrize(
    ("exits", "message", "line"),
    [
        ("exit(1)", "1", 2),
        ("if True: quit(3)", "3", 2),
        ("import sys; sys.exit('no data')", "no data", 2),
        ("exit('no data')", "no data", 2),
        ("raise SystemExit(2)", "2", 2),
        ("def f():\n    exit(4)\nf()", "4", 3),
        ("import asyncio; await asyncio.sleep(0); exit(1)", "1", 2),
    ],
)
def test_an_exit_with_a_code_fails(run: Run, exits: str, message: str, line: int) -> None:
    """As an exception with its message and line. The interpreter continues."""
    execution = run(f"kept = 5\n{exits}\nprint('never')")
    assert execution.error is not None
    assert (execution.status, execution.error.name, execution.error.message, execution.error.line) == (
        "Failed", "SystemExit", message, line,
    )  # fmt: skip
    assert execution.stdout == "" and execution.stderr.startswith(message + "\n")
    assert "To exit" not in execution.stderr
    assert run("kept").value == 5


def test_a_name_of_the_codes_own_is_not_an_exit(run: Run) -> None:
    """Even as a statement."""
    assert run("exit = 5\nexit").value == 5


CRASHES = {
    "exit": "import os; os._exit(3)",
    "killed": "import os; os.kill(os.getpid(), 9)",
    "segmentation fault": "import ctypes; ctypes.string_at(0)",
    "abort": "import os; os.abort()",
}


@pytest.mark.parametrize("crash", CRASHES.values(), ids=CRASHES)
def test_what_came_before_a_crash_is_in_the_result(run: Run, pool: CallerSessions, session_id: str, crash: str) -> None:
    """Text, outputs and files; also when it is read again. A notice states what may be missing."""
    execution = run(
        "import sys\nprint('one')\nprint('two')\nprint('err', file=sys.stderr)\n"
        "import matplotlib.pyplot as plt\nplt.figure(figsize=(1, 1))\nplt.plot([1])\nplt.show()\n"
        f"open('made.txt', 'w').write('1')\nprint('three')\n{crash}"
    )
    again = get_execution(
        pool, PoolFacts(rich_results=True), session_id=session_id, execution_id=execution.execution_id
    )
    for found in (execution, again):
        assert (found.status, found.error and found.error.name) == ("Failed", "KernelRestarted")
        assert found.stdout == "one\ntwo\nthree\n" and found.stderr.startswith("err\n")
        (output,) = found.outputs
        assert (output.content_type, output.file_name) == ("image/png", "output-1.png") and output.content
        assert [file.file_name for file in found.files] == ["made.txt"]
        assert (found.notice is None) == ("_exit" in crash)


def test_a_run_that_ignores_its_timeout_keeps_its_text(pool: CallerSessions, session_id: str) -> None:
    """Although its interpreter is killed."""
    code = (
        "import time\nprint('begun')\nopen('made.txt', 'w').close()\n"
        "while True:\n    try: time.sleep(30)\n    except KeyboardInterrupt: print('ignored')"
    )
    execution = execute_python_code(
        pool, PoolFacts(rich_results=True), python_code=code, session_id=session_id, timeout_in_seconds=1
    )
    assert (execution.status, execution.error and execution.error.name) == ("Failed", "TimeoutError")
    assert execution.stdout == "begun\nignored\n"
    assert [file.file_name for file in execution.files] == ["made.txt"]


def test_a_run_that_times_out_has_its_line_and_text(pool: CallerSessions, session_id: str) -> None:
    """stderr begins with the pool's message, on a line of its own."""
    code = "import time\nprint('begun')\ntime.sleep(30)"
    execution = execute_python_code(
        pool, PoolFacts(rich_results=True), python_code=code, session_id=session_id, timeout_in_seconds=1
    )
    assert execution.error is not None
    assert (execution.error.name, execution.error.line, execution.stdout) == ("TimeoutError", 3, "begun\n")
    assert execution.stderr.splitlines()[0] == execution.error.message


@pytest.mark.parametrize("shows", ["__repr__", "_repr_html_", "_repr_png_"])
def test_a_value_that_cannot_be_displayed_is_in_stderr(run: Run, shows: str) -> None:
    """The code itself has succeeded, as the pool reports."""
    execution = run(f"class Odd:\n    def {shows}(self): raise ValueError('not shown')\nprint('before')\nOdd()")
    assert (execution.status, execution.error, execution.stdout) == ("Succeeded", None, "before\n")
    assert execution.stderr.startswith("not shown\n") and "ValueError: not shown" in execution.stderr


@pytest.mark.parametrize("api_version", ["2025-10-02-preview", "2024-10-02-preview", "2024-02-02-preview"])
@pytest.mark.parametrize(
    "code",
    [
        "for n in range(40_000): print(n)",
        "print('x' * 150_000 + 'end')",
        "for n in range(3_000): print(f'{n:>9} of 3000, which is a long bar of fifty characters', end='\\r')",
        "print('a\\n' * 49_999 + 'a line at the limit', end='')\nprint('\\rstart')",
        "print('a\\n' * 49_999 + 'half a li', end='')\nprint('ne\\n' + 'b\\n' * 9_999)",
        "print('half', end='')",
    ],
    ids=["lines", "one line", "a bar", "an overwritten line", "across the limit", "an unfinished line"],
)
def test_text_that_is_sent_in_two_parts_is_complete(emulator: Emulator, api_version: str, code: str) -> None:
    """The same whether it is read from the pool's response or from the record."""
    pool = CallerSessions(Pools(SessionPoolClient(emulator.pool.endpoint, Token(emulator), api_version=api_version)))
    session, facts = f"test-{uuid.uuid4()}", PoolFacts(rich_results=True)
    execution = execute_python_code(
        pool, facts, python_code=code, session_id=session, idempotency_key="key", include_content="always"
    )
    repeated = execute_python_code(
        pool, facts, python_code=code, session_id=session, idempotency_key="key", include_content="always"
    )
    background = execute_python_code(
        pool, facts, python_code=code, session_id=session, timeout_in_seconds=300, include_content="always"
    )
    assert execution.status == "Succeeded" and execution.truncated is None
    assert execution.stdout == repeated.stdout == background.stdout


def test_temporary_names_of_cells_are_replaced(run: Run) -> None:
    """In warnings, tracebacks that the code prints, and messages."""
    execution = run(
        "import traceback, warnings\nwarnings.warn('careful')\ntry: 1/0\nexcept Exception: traceback.print_exc()\n"
        "print(traceback.format_stack()[-1])"
    )
    assert re.search(r"^Cell In\[\d+\]:2: UserWarning: careful$", execution.stderr, re.MULTILINE)
    assert re.search(r'File "Cell In\[\d+\]", line 3', execution.stderr)
    assert re.search(r'File "Cell In\[\d+\]", line 5', execution.stdout)
    syntax = run("x = = 1")
    assert syntax.error is not None and re.fullmatch(r"invalid syntax \(Cell In\[\d+\], line 1\)", syntax.error.message)
    assert not re.search(r"ipykernel_|\d\.py", execution.stdout + execution.stderr + syntax.stderr)


@pytest.mark.parametrize("rich_results", [True, False])
def test_escape_sequences_are_removed(pool: CallerSessions, session_id: str, rich_results: bool) -> None:
    """From all text; the value as JSON is what it is."""
    code = "import sys\nprint('\\x1b[31mout\\x1b[0m')\nprint('\\x1b[31merr\\x1b[0m', file=sys.stderr)\n"
    facts = PoolFacts(rich_results=rich_results)
    execution = execute_python_code(pool, facts, python_code=code + "'\\x1b[1mvalue\\x1b[0m'", session_id=session_id)
    assert (execution.stdout, execution.stderr, execution.result) == ("out\n", "err\n", "value")
    failed = execute_python_code(
        pool, facts, python_code=code + "raise ValueError('\\x1b[1mbad\\x1b[0m')", session_id=session_id
    )
    assert failed.error is not None and failed.error.message == "bad"
    assert "\x1b" not in failed.stderr and failed.stderr.startswith("err\nbad\n---")
    assert "\x1b" not in (failed.error.traceback or "")


@pytest.mark.parametrize(
    ("code", "error"),
    [
        (
            "if True:\n    x = 1\n  y = 2",
            ("IndentationError", "unindent does not match any outer indentation level", 3),
        ),
        ("import sys\nsys.exit()", ("SystemExit", "", None)),
        ("import sys\nsys.exit('bad: data\\n2')", ("SystemExit", "bad: data\n2", None)),
        ("%nothing", ("UsageError", "Line magic function `%nothing` not found.", None)),
        pytest.param(
            "def f():\n    raise ExceptionGroup('many', [ValueError('v')])\nf()",
            ("ExceptionGroup", "many (1 sub-exception)", 2),
            marks=pytest.mark.skipif(sys.version_info < (3, 11), reason="Python 3.11 has added groups"),
        ),
    ],
)
def test_errors_without_an_ordinary_traceback(
    pool: CallerSessions, session_id: str, code: str, error: tuple[str, str, int | None]
) -> None:
    """In direct runs, the text of stderr is all there is. What was written before is not part of the error."""
    facts = PoolFacts(rich_results=False)
    execution = execute_python_code(pool, facts, python_code=code, session_id=session_id)
    assert execution.status == "Failed" and execution.error is not None
    assert (execution.error.name, execution.error.message, execution.error.line) == error
    assert not re.search(r".(?:An exception has occurred|\)  File)", execution.stderr)


@pytest.mark.parametrize("backend", ["", "matplotlib.use('Agg')"])
@pytest.mark.parametrize("shows", ["plt.show()", "display(fig)"])
def test_a_figure_that_cannot_be_drawn_does_not_end_the_run(run: Run, backend: str, shows: str) -> None:
    """As in a notebook. The reason is in stderr."""
    execution = run(
        f"import matplotlib\n{backend}\nimport matplotlib.pyplot as plt\nfig = plt.figure(figsize=(1, 1))\n"
        f"plt.title('$' + chr(92) + 'frac{{1$')\n{shows}\nplt.close('all')\nprint('after')"
    )
    assert (execution.status, execution.stdout, execution.outputs) == ("Succeeded", "after\n", [])
    assert "ParseSyntaxException" in execution.stderr


def test_text_for_the_original_stdout_is_in_the_same_run(run: Run) -> None:
    """Although it does not pass through the kernel's stream, and is buffered."""
    assert run("import sys\nsys.__stdout__.write('first\\n');").stdout == "first\n"
    assert run("print('second')").stdout == "second\n"


def test_replaced_stdout_is_noticed(run: Run) -> None:
    """What is printed then is not in the result, and not in that of later runs."""
    execution = run("import io, sys\nsys.stdout = io.StringIO()\nprint('lost')")
    assert execution.notice and "sys.stdout = sys.__stdout__" in execution.notice
    assert run("sys.stdout = sys.__stdout__\nprint('back')").stdout == "back\n"

"""What a run produced, in every api-version of the pool."""

import base64
import json
import uuid

import pytest

from connector.executions.operations import execute_python_code, get_execution
from connector.files.names import checked_folder, checked_path
from connector.files.operations import download_file, find_headers, list_files
from connector.models import Execution, to_wire
from connector.session_pool.client import SessionPoolClient
from connector.session_pool.facts import PoolFacts
from connector.session_pool.pools import Pools
from connector.session_pool.sessions import CallerSessions
from connector.session_pool.wire import API_VERSIONS
from tests.conftest import Emulator
from tests.connector.conftest import Token


@pytest.fixture(params=API_VERSIONS, scope="module")
def pool(request: pytest.FixtureRequest, emulator: Emulator) -> CallerSessions:
    return CallerSessions(Pools(SessionPoolClient(emulator.pool.endpoint, Token(emulator), api_version=request.param)))


@pytest.fixture(scope="module")
def session(pool: CallerSessions) -> str:
    """One session for all tests of an api-version."""
    return f"test-{uuid.uuid4()}"


def run(pool: CallerSessions, session: str, code: str, **members: str) -> Execution:
    return execute_python_code(pool, PoolFacts(rich_results=True), python_code=code, session_id=session, **members)  # type: ignore[arg-type]


def test_figures_a_data_frame_and_printed_text(pool: CallerSessions, session: str) -> None:
    """All of them, in order, with titles. The last expression's table has its types."""
    execution = run(
        pool,
        session,
        "import matplotlib.pyplot as plt, pandas as pd\n"
        "for title in 'abc':\n    plt.figure(figsize=(1, 1))\n    plt.title(title)\n    plt.plot([1])\n    plt.show()\n"
        "print('printed')\npd.DataFrame({'n': range(50_000)})",
    )
    assert [(output.content_type, output.title) for output in execution.outputs] == [
        ("image/png", "a"), ("image/png", "b"), ("image/png", "c"), ("text/html", None), ("application/json", None),
    ]  # fmt: skip
    assert execution.stdout == "printed\n"
    table = json.loads(execution.outputs[-1].content or "")
    assert (table["rowCount"], table["isTruncated"], len(table["rows"])) == (50_000, True, 1000)


def test_outputs_are_files_that_can_be_downloaded(pool: CallerSessions, session: str) -> None:
    """In a folder of the execution, which is listed only on request. Records are never listed."""
    execution = run(
        pool, session, "import matplotlib.pyplot as plt\nplt.figure(figsize=(1, 1))\nplt.plot([1])\nplt.show()"
    )
    (output,) = execution.outputs
    folder = f".outputs/{execution.execution_id}"
    facts = PoolFacts(rich_results=True)
    client = pool.session(session)
    found = find_headers(client, facts, checked_path(output.file_name or "", folder))
    file = download_file(client, facts, *found)
    assert file.content == base64.b64decode(output.content or "")
    listed = list_files(client, facts, folder=checked_folder(folder))
    assert [(one.file_name, one.folder) for one in listed] == [(output.file_name, folder)]
    assert [one for one in list_files(client, facts, recursive=True) if "outputs" in one.folder] == []


def test_a_large_chart_is_in_the_response(pool: CallerSessions, session: str) -> None:
    """As a smaller rendering, with what is needed to get the original. `always` returns that."""
    code = (
        "import matplotlib\nmatplotlib.use('Agg')\nimport matplotlib.pyplot as plt, numpy as np\n"
        "plt.figure(figsize=(12, 8), dpi=150)\nplt.plot(np.random.default_rng(1).normal(size=(2000, 5)).cumsum(0))\n"
        "plt.title('Walks')\nplt.show()\nplt.close()\nprint('x' * 100_000)"
    )
    execution = run(pool, session, code)
    (output,) = execution.outputs
    assert (output.content_type, output.title, output.is_reduced) == ("image/png", "Walks", True)
    assert base64.b64decode(output.content or "").startswith(b"\x89PNG")
    assert len(json.dumps(to_wire(execution))) <= 90_000
    client, facts = pool.session(session), PoolFacts(rich_results=True)
    found = find_headers(client, facts, checked_path(output.file_name or "", output.folder or ""))
    original = download_file(client, facts, *found).content
    assert original is not None and len(original) > len(output.content or "")
    complete = get_execution(
        pool, facts, session_id=session, execution_id=execution.execution_id, include_content="always"
    )
    assert base64.b64decode(complete.outputs[0].content or "") == original
    assert (complete.outputs[0].is_reduced, complete.truncated) == (None, None)


def test_many_outputs(pool: CallerSessions, session: str) -> None:
    """Those that are not listed are files, or the notice states that they are lost."""
    execution = run(pool, session, "for n in range(120): display({'text/html': str(n)}, raw=True)")
    assert len(execution.outputs) == 100 and execution.truncated == {"outputs": True}
    assert "omits the last 20." in (execution.notice or "") and "lost" not in (execution.notice or "")
    folder = checked_folder(execution.outputs[0].folder or "")
    assert len(list_files(pool.session(session), PoolFacts(rich_results=True), folder=folder)) == 120
    execution = run(pool, session, "for n in range(1001): display({'text/html': str(n)}, raw=True)")
    assert "omits the last 900." in (execution.notice or "") and "1 of the outputs could" in (execution.notice or "")


def test_a_frame_is_a_list_of_records(pool: CallerSessions, session: str) -> None:
    """For loops of workflows. What does not fit into a response is flagged."""
    code = "import pandas as pd\nframe = pd.DataFrame({'n': range(5000), 'text': 'x' * 200})\n"
    assert run(pool, session, code + "frame.head(2)[['n']]").value == [{"n": 0}, {"n": 1}]
    execution = run(pool, session, code + "frame")
    assert 100 < len(execution.value) < 1000 and execution.value[99]["n"] == 99
    assert execution.truncated == {"value": True, "outputs": True}
    assert len(run(pool, session, code + "frame", include_content="always").value) == 1000


def test_long_output_is_complete_on_request(pool: CallerSessions, session: str) -> None:
    """With includeContent `always`. By default its middle is omitted, and GetExecution can still return it."""
    code = "for number in range(30_000): print(f'{number:09}')"
    complete = "".join(f"{number:09}\n" for number in range(30_000))
    execution = run(pool, session, code, include_content="always")
    assert (execution.stdout == complete, execution.truncated) == (True, None)
    execution = run(pool, session, code)
    assert execution.truncated == {"stdout": True} and len(execution.stdout) < 90_000
    again = get_execution(
        pool,
        PoolFacts(rich_results=True),
        session_id=session,
        execution_id=execution.execution_id,
        include_content="always",
    )
    assert again.stdout == complete


def test_files_of_a_run(pool: CallerSessions, session: str) -> None:
    """Those that were created or changed, with type and folder."""
    run(pool, session, "open('/mnt/data/old.csv', 'w').close()\nimport time\ntime.sleep(0.02)")
    execution = run(
        pool,
        session,
        "import os\nopen('/mnt/data/old.csv', 'w').write('12')\nos.makedirs('/mnt/data/out', exist_ok=True)\n"
        "open(f'/mnt/data/out/{len(In)}.json', 'w').write('{}')",
    )
    found = [(file.file_name, file.folder, file.size, file.content_type, file.change) for file in execution.files]
    assert found[0] == ("old.csv", "", 2, "text/csv", "Changed")
    assert found[1][1:] == ("out", 2, "application/json", "Created")


def test_an_error_in_a_function(pool: CallerSessions, session: str) -> None:
    """Its name, message and line. stderr is what the pool itself would return, once, the message on its own line."""
    execution = run(pool, session, "def f(x):\n    return x['amount']\n\nprint('before')\nf({})")
    assert execution.error is not None
    assert (execution.status, execution.error.name, execution.error.message, execution.error.line) == (
        "Failed", "KeyError", "'amount'", 2,
    )  # fmt: skip
    assert execution.stdout == "before\n"
    assert execution.stderr.count("KeyError: 'amount'") == 1 and execution.stderr.startswith("'amount'\n-----")
    assert "code_interpreter" not in execution.stderr and "do_execute" not in execution.stderr


def test_output_of_subprocesses_is_returned(pool: CallerSessions, session: str) -> None:
    """Although it bypasses Python's streams."""
    execution = run(pool, session, "!echo out; echo err >&2\nprint('printed')\nimport os\nos.write(1, b'raw\\n');")
    assert sorted(execution.stdout.splitlines()) == ["err", "out", "printed", "raw"] or sorted(
        execution.stdout.splitlines()
    ) == ["out", "printed", "raw"]
    assert "err" in execution.stdout + execution.stderr


def test_a_run_that_times_out_has_failed(pool: CallerSessions, session: str) -> None:
    """With what it printed, and the reason."""
    for code in (
        "print('first')\nimport time\ntime.sleep(20)",
        "print('first')\nimport asyncio\nawait asyncio.sleep(20)",
    ):
        execution = execute_python_code(
            pool, PoolFacts(rich_results=True), python_code=code, session_id=session, timeout_in_seconds=1
        )
        assert (execution.status, execution.stdout) == ("Failed", "first\n")
        assert execution.error is not None and execution.error.name == "TimeoutError"


def test_a_new_session_is_reported(pool: CallerSessions) -> None:
    """By its first run; and again after a restart of its interpreter."""
    session = f"test-{uuid.uuid4()}"
    assert [run(pool, session, "1").is_new_session for _ in range(2)] == [True, False]
    run(pool, session, "import os; os._exit(0)")
    assert run(pool, session, "1").is_new_session is True

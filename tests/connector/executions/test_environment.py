"""Where code runs: its working directory, its modules and its programs."""

import pytest

from connector.executions.operations import execute_python_code
from connector.models import Execution
from connector.session_pool.facts import PoolFacts
from connector.session_pool.sessions import CallerSessions


class Code:
    """Runs code in one session, in one call of the pool or in the background."""

    def __init__(self, pool: CallerSessions, session_id: str, seconds: int) -> None:
        self._pool, self._session_id, self._seconds = pool, session_id, seconds

    def run(self, code: str) -> Execution:
        return execute_python_code(
            self._pool,
            PoolFacts(rich_results=True),
            python_code=code,
            session_id=self._session_id,
            timeout_in_seconds=self._seconds,
        )


@pytest.fixture(params=[60, 300], ids=["one call", "background"])
def code(request: pytest.FixtureRequest, pool: CallerSessions, session_id: str) -> Code:
    return Code(pool, session_id, request.param)


def test_code_runs_in_the_data_folder(code: Code) -> None:
    """From its first run on, so files with relative names are those of the session."""
    run = code.run("import os\nopen('report.csv', 'w').write('a')\nos.getcwd()")
    assert run.value == "/mnt/data"
    assert [(file.folder, file.file_name) for file in run.files] == [("", "report.csv")]


def test_code_may_change_its_working_directory(code: Code) -> None:
    """Later runs keep it. A new interpreter begins in the data folder again."""
    code.run("import os\nos.chdir('/tmp')")
    assert code.run("os.getcwd()").value == "/tmp"
    code.run("os._exit(1)")
    assert code.run("import os\nos.getcwd()").value == "/mnt/data"


def test_modules_in_the_data_folder_can_be_imported(code: Code) -> None:
    """From everywhere. What Python compiles of them is not a file of the run."""
    run = code.run("open('helper.py', 'w').write('v = 5')\nimport os\nos.chdir('/tmp')\nimport helper\nhelper.v")
    assert run.value == 5
    assert [file.file_name for file in run.files] == ["helper.py"]


def test_modules_in_the_data_folder_do_not_affect_the_connector(code: Code) -> None:
    """Even if they have the names of standard modules, and the interpreter is new."""
    for name in ("json", "signal", "shutil", "contextlib", "zlib", "difflib", "pkgutil", "errno"):
        code.run(f"open('{name}.py', 'w').write('raise SystemError')")
    code.run("import os\nos._exit(1)")
    assert code.run("6 * 7").value == 42
    assert code.run("import signal, time\n7 * 6").value == 42


def test_files_elsewhere_are_noticed(code: Code) -> None:
    """By name, once. Hidden ones are those of programs."""
    run = code.run(
        "import os\nhome = os.path.expanduser('~')\nos.makedirs(home + '/charts', exist_ok=True)\n"
        "for name in ('report.csv', 'charts/a.png', '.cache'): open(f'{home}/{name}', 'w').close()"
    )
    assert run.notice and "/report.csv" in run.notice and "/charts/a.png" in run.notice
    assert ".cache" not in run.notice and "/mnt/data" in run.notice
    assert code.run("1").notice is None


def test_python_is_a_program(code: Code) -> None:
    """It starts in the working directory, too."""
    run = code.run(
        "import subprocess\nsubprocess.run(['python', '-c', 'import os; print(os.getcwd())'], capture_output=True, "
        "text=True).stdout"
    )
    assert run.value == "/mnt/data\n"


def test_python_is_a_program_although_the_path_lacks_it(pool: CallerSessions, session_id: str) -> None:
    """Then its folder is appended to the path of the session."""
    bare = PoolFacts(rich_results=False)
    execute_python_code(
        pool, bare, python_code="import os; os.environ['PATH'] = '/bin-that-is-empty'", session_id=session_id
    )
    found = execute_python_code(
        pool, PoolFacts(rich_results=True), python_code="import shutil; shutil.which('python')", session_id=session_id
    )
    assert isinstance(found.value, str) and found.value.endswith("/python")

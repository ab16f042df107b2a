"""autogen-ext: ACADynamicSessionsCodeExecutor against the pool."""

import asyncio
import re
import time
from pathlib import Path

import pytest
from autogen_core import CancellationToken
from autogen_core.code_executor import CodeBlock, with_requirements
from autogen_ext.code_executors.azure import ACADynamicSessionsCodeExecutor
from azure.core.credentials import AccessToken
from azure.identity import DefaultAzureCredential

pytestmark = pytest.mark.anyio

UNTIL_GO = """
import pathlib, time
pathlib.Path("/mnt/data/started").touch()
deadline = time.monotonic() + 30
while not pathlib.Path("/mnt/data/go").exists() and time.monotonic() < deadline:
    time.sleep(0.02)
"""


class OneToken:
    """A credential with a fixed token. `scopes` records the requested scopes."""

    def __init__(self, token):
        self._token = token
        self.scopes = []

    def get_token(self, *scopes, **_):
        self.scopes += scopes
        return AccessToken(self._token, int(time.time()) + 3600)


class Run:
    """Runs blocks of Python in one executor."""

    def __init__(self, executor):
        self.executor = executor
        self.work_dir = executor.work_dir

    async def __call__(self, *blocks):
        """Returns exit code and output."""
        code_blocks = [CodeBlock(code=block, language="python") for block in blocks]
        result = await self.executor.execute_code_blocks(code_blocks, CancellationToken())
        return result.exit_code, result.output

    def start(self, block, token):
        """Run a block in a task, which `token` can cancel."""
        blocks = [CodeBlock(code=block, language="python")]
        return asyncio.create_task(self.executor.execute_code_blocks(blocks, token))

    async def files(self):
        return sorted(await self.executor.get_file_list(CancellationToken()))

    async def upload(self, *names):
        await self.executor.upload_files(list(names), CancellationToken())

    async def download(self, *names):
        """Returns the contents, in the order of the names."""
        paths = await self.executor.download_files(list(names), CancellationToken())
        return [Path(path).read_text() for path in paths]


@pytest.fixture
def run_in(pool, tmp_path):
    """Returns a function that creates an executor for one session of the pool, with a token of the pool."""

    def make(session_id, **options):
        options.setdefault("credential", OneToken(pool.token))
        return Run(ACADynamicSessionsCodeExecutor(pool.endpoint, session_id=session_id, work_dir=tmp_path, **options))

    return make


@pytest.fixture
def run(run_in, session_id):
    return run_in(session_id)


async def test_value_of_the_last_line_is_the_output(run):
    """A block that ends with an expression returns its value as text."""
    assert await run("6 * 7") == (0, "42")


async def test_printed_text_is_the_output(run):
    """A block that prints and has no value returns the printed text."""
    assert await run("print('hello')") == (0, "hello\n")


async def test_blocks_run_in_order_and_share_their_variables(run):
    """Later blocks and later calls can use variables of earlier ones."""
    assert await run("x = 20", "print(x)", "x + 1") == (0, "20\n21")
    assert await run("x + 22") == (0, "42")


async def test_result_can_be_suppressed(run_in, session_id):
    """With suppress_result_output, the output is only the printed text."""
    assert await run_in(session_id, suppress_result_output=True)("print('seen')\n42") == (0, "seen\n")


async def test_exception_is_exit_code_1(run):
    """The output has the exception and the text printed before; the session stays usable."""
    exit_code, output = await run("before = 5\nprint('so far')\n1 / 0")
    assert exit_code == 1
    assert "ZeroDivisionError" in output and "division by zero" in output and "so far\n" in output
    assert await run("before") == (0, "5")


async def test_other_languages_are_rejected_by_the_client(run):
    """The executor runs only Python; blocks before one in another language have run."""
    blocks = [CodeBlock(code="x = 1", language="python"), CodeBlock(code="ls", language="sh")]
    result = await run.executor.execute_code_blocks(blocks, CancellationToken())
    assert (result.exit_code, result.output.strip()) == (1, "unknown language sh")


async def test_working_directory_is_the_data_folder(run):
    """The executor changes to it, so relative names refer to uploaded and downloadable files."""
    assert await run("import os; os.getcwd()") == (0, "/mnt/data")
    await run("open('here.txt', 'w').write('x')")
    assert await run.files() == ["here.txt"]


async def test_token_is_requested_once_with_the_scope_of_sessions(run_in, pool, session_id):
    """All calls use one token for https://dynamicsessions.io."""
    credential = OneToken(pool.token)
    run = run_in(session_id, credential=credential)
    await run("1")
    await run.files()
    assert credential.scopes == ["https://dynamicsessions.io/.default"]


async def test_invalid_token_is_rejected(run_in, session_id):
    """The executor raises ConnectionError, caused by a 401."""
    with pytest.raises(ConnectionError) as raised:
        await run_in(session_id, credential=OneToken("nonsense"))("1")
    assert raised.value.__cause__.status == 401


async def test_default_credential_gets_a_token_of_the_pool(run_in, pool, use_pool_identity, session_id):
    """With only an app's identity variables set, DefaultAzureCredential authenticates the executor."""
    use_pool_identity(pool)
    assert await run_in(session_id, credential=DefaultAzureCredential())("6 * 7") == (0, "42")


async def test_available_packages_are_those_of_the_session(run):
    """The client parses valid names from the printed text, and all packages of the session."""
    await run("1")
    packages = await run.executor.get_available_packages(CancellationToken())
    assert {"pandas", "numpy", "matplotlib"} <= packages
    assert [name for name in packages if not re.fullmatch(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?", name)] == []
    _, known = await run("import importlib.metadata\nlen({d.name for d in importlib.metadata.distributions()})")
    assert len(packages) == int(known)


async def test_block_that_installs_an_unavailable_package_is_rejected(run):
    """The client checks the list of packages, and does not run the block."""
    exit_code, output = await run("ran = True\n! pip install no-such-package")
    assert (exit_code, output.strip()) == (1, "Python packages unavailable in environment: {'no-such-package'}")
    exit_code, output = await run("ran")
    assert exit_code == 1 and "NameError" in output


@with_requirements(python_packages=["pandas"], global_imports=["pandas"])
def total(amounts: list[int]) -> int:
    """The sum."""
    return int(pandas.Series(amounts).sum())  # noqa: F821  # the requirement imports it, in the session


def doubled(text: str) -> str:
    """Twice the text."""
    return text * 2


@with_requirements(python_packages=["no-such-package"], global_imports=[])
def impossible() -> None:
    """Requires a package that no session has."""


async def test_code_can_call_functions_of_the_executor(run_in, session_id):
    """Functions given to the executor, and the modules that they require, are available in the session."""
    run = run_in(session_id, functions=[total, doubled])
    assert await run("total([20, 22])", "doubled('ab')") == (0, "42abab")


async def test_function_with_a_missing_package_is_rejected_by_the_client(run_in, session_id):
    """The client names the package before it runs any code."""
    with pytest.raises(ValueError, match=re.escape("Packages unavailable in environment: {'no-such-package'}")):
        await run_in(session_id, functions=[impossible])("1")


async def test_files_are_uploaded_processed_and_downloaded(run):
    """Code reads uploaded files; the file that it writes is listed and downloaded."""
    (run.work_dir / "numbers.csv").write_text("n\n1\n2\n3\n")
    (run.work_dir / "empty.txt").write_text("")
    assert await run.files() == []
    await run.upload("numbers.csv", "empty.txt")
    assert await run.files() == ["empty.txt", "numbers.csv"]
    code = "import pandas as pd\n(pd.read_csv('numbers.csv') * 10).to_csv('tens.csv', index=False)"
    assert await run(code) == (0, "")
    assert await run.download("tens.csv", "empty.txt") == ["n\n10\n20\n30\n", ""]


async def test_bytes_are_preserved(run):
    """The downloaded bytes are those that were uploaded."""
    every_byte = bytes(range(256)) * 300
    (run.work_dir / "blob.bin").write_bytes(every_byte)
    await run.upload("blob.bin")
    assert await run("len(open('blob.bin', 'rb').read())") == (0, "76800")
    (run.work_dir / "blob.bin").unlink()
    await run.executor.download_files(["blob.bin"], CancellationToken())
    assert (run.work_dir / "blob.bin").read_bytes() == every_byte


async def test_missing_file_is_not_downloaded(run):
    """The client checks the list of files first."""
    with pytest.raises(FileNotFoundError, match="nothing.txt"):
        await run.download("nothing.txt")


async def test_local_file_in_a_folder_is_uploaded_without_the_folder(run):
    """The client does not upload to folders."""
    (run.work_dir / "sub").mkdir()
    (run.work_dir / "sub" / "data.csv").write_text("a,b\n")
    await run.upload(Path("sub/data.csv"))
    assert await run.files() == ["data.csv"]
    assert await run("open('data.csv').read().strip()") == (0, "a,b")


async def test_files_that_code_writes_to_folders_are_named_by_their_path(run):
    """The name of a file in a folder is its path, in the list and for the download."""
    await run(
        "import os\nos.makedirs('out/deep')\nopen('out/deep/a.csv', 'w').write('a')\nopen('b.csv', 'w').write('b')"
    )
    assert await run.files() == ["b.csv", "out/deep/a.csv"]
    (run.work_dir / "out" / "deep").mkdir(parents=True)  # the client does not create it
    assert await run.download("out/deep/a.csv", "b.csv") == ["a", "b"]


@pytest.mark.parametrize("name", ["two words.csv", "Übersicht März.csv", "数据.csv", "a=b, (c;d) & 1 $@^.csv"])
async def test_file_names_are_preserved(run, name):
    """Code, list and download agree on names with spaces, any letters and special characters."""
    await run(f"open({name!r}, 'w').write('content')")
    assert await run.files() == [name]
    assert await run.download(name) == ["content"]


async def until_started(run):
    while "started" not in await run.files():
        await asyncio.sleep(0.02)


async def let_go(run):
    (run.work_dir / "go").write_text("")
    await run.upload("go")


async def test_files_can_be_listed_and_uploaded_while_code_runs(run):
    """File operations do not wait for a run, and the running code sees an upload immediately."""
    running = run.start(UNTIL_GO + "pathlib.Path('go').exists()", CancellationToken())
    await until_started(run)
    await let_go(run)
    result = await running
    assert (result.exit_code, result.output) == (0, "True")


async def test_canceled_call_keeps_the_session(run):
    """After a client disconnects during a run, its variables and files still exist."""
    await run("x = 41")
    token = CancellationToken()
    running = run.start(UNTIL_GO, token)
    await until_started(run)
    token.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    await let_go(run)
    assert await run("x + 1") == (0, "42")
    assert await run.files() == ["go", "started"]


async def test_client_timeout_keeps_the_session(run, run_in, session_id):
    """After a client times out, its variables and files still exist."""
    await run("x = 41")  # creates the session, which would take too long for the other executor
    impatient = run_in(session_id, timeout=2)
    with pytest.raises(asyncio.TimeoutError):
        await impatient(UNTIL_GO)
    assert "started" in await run.files()
    await let_go(run)
    assert await run("x + 1") == (0, "42")


async def test_restart_creates_a_new_session(run):
    """A restart deletes variables and files, and the executor initializes the new session."""
    await run("x = 1; open('x.txt', 'w').write('x')")
    await run.executor.restart()
    exit_code, output = await run("x")
    assert exit_code == 1 and "NameError" in output
    assert await run.files() == []
    assert await run("import os; os.getcwd()") == (0, "/mnt/data")


async def test_concurrent_sessions_are_isolated(run_in, session_id):
    """Sessions that run at the same time each have their own variables and files."""

    async def work(number):
        run = run_in(f"{session_id}-{number}")
        await run(f"n = {number}; open('mine{number}.txt', 'w').write('x')")
        return await run("n * n"), await run.files()

    worked = await asyncio.gather(*map(work, range(1, 5)))
    assert worked == [((0, str(number * number)), [f"mine{number}.txt"]) for number in range(1, 5)]

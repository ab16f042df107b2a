"""ConnectorCodeExecutor, as AutoGen uses it, against the connector."""

import asyncio
import json
import time
from urllib.parse import urlsplit

import pytest
from autogen_agentchat.agents import CodeExecutorAgent
from autogen_agentchat.messages import CodeExecutionEvent, TextMessage
from autogen_core import CancellationToken
from autogen_core.code_executor import CodeBlock, CodeExecutor
from autogen_ext.tools.code_execution import CodeExecutionInput, PythonCodeExecutionTool

from examples.autogen_web_api.connector import Connector
from examples.autogen_web_api.errors import ConnectorError, ConnectorRefused, ConnectorUnavailable
from examples.autogen_web_api.executor import ConnectorCodeExecutor
from examples.autogen_web_api.sign_in import EntraSignIn

from .replies import replay
from .servers import LossyProxy

pytestmark = pytest.mark.anyio

# Runs until it is interrupted or the file `go` exists, and counts its runs.
_UNTIL_GO = """
import pathlib, time
with open("runs.txt", "a") as runs:
    runs.write("run\\n")
deadline = time.monotonic() + 60
try:
    while not pathlib.Path("go").exists() and time.monotonic() < deadline:
        time.sleep(0.02)
except KeyboardInterrupt:
    stopped = True
    raise
open("runs.txt").read()
"""


@pytest.fixture
def make_executor(connector, monkeypatch, tmp_path):
    """Returns a function that makes an executor for the connector."""
    monkeypatch.setenv("CONNECTOR_KEY", connector.key)

    def make(**options):
        options = {"connector_url": connector.url, "work_dir": tmp_path, **options}
        return ConnectorCodeExecutor(options.pop("connector_url"), **options)

    return make


@pytest.fixture
async def executor(make_executor):
    """An executor, which is stopped after the test."""
    async with make_executor() as executor:
        yield executor


async def run(executor, *blocks, token=None):
    """The exit code and the output of blocks of Python."""
    code_blocks = [CodeBlock(code=block, language="python") for block in blocks]
    result = await executor.execute_code_blocks(code_blocks, token or CancellationToken())
    return result.exit_code, result.output


async def until_started(executor):
    """Wait for the run of _UNTIL_GO in progress."""
    while "runs.txt" not in await executor.get_file_list(CancellationToken()):
        await asyncio.sleep(0.05)


async def test_blocks_share_variables(executor):
    """Blocks run in order, and later blocks and later calls use the variables of earlier ones."""
    assert await run(executor, "x = 20", "print(x)", "x + 1") == (0, "20\n21")
    assert await run(executor, "x + 22") == (0, "42")


async def test_first_failing_block_is_the_last(executor):
    """The exit code is 1, the output has the printed text and the error with line and hint, and no later block runs."""
    exit_code, output = await run(
        executor,
        "ran = ['a']",
        "print('so far')\nimport pandas as pd\nran.append('b')\npd.DataFrame({'amount': [1]})['Amount']",
        "ran.append('c')",
    )
    assert exit_code == 1
    assert output.startswith("so far\n") and "KeyError in line 4: 'Amount'\nHint: Did you mean 'amount'?" in output
    assert await run(executor, "ran") == (0, "['a', 'b']")


async def test_other_languages_are_not_run(executor):
    """A block in another language has exit code 1; the blocks before it have run."""
    blocks = [CodeBlock(code="x = 1\nx", language="py"), CodeBlock(code="ls", language="sh")]
    result = await executor.execute_code_blocks(blocks, CancellationToken())
    assert (result.exit_code, result.output) == (1, "1\nBlocks of the language sh cannot be run. Write Python.")


async def test_images_are_named_and_can_be_downloaded(executor):
    """The output has the title of a chart and its file, which download_files returns."""
    code = "import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.title('Two points')\nplt.show()"
    result = await executor.execute_code_blocks([CodeBlock(code, "python")], CancellationToken())
    (image,) = result.runs[0].images
    assert result.output == f"[image: Two points, file {image.path}]"
    (path,) = await executor.download_files([image.path], CancellationToken())
    assert path == str(executor.work_dir / image.path)
    assert (executor.work_dir / image.path).read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("name", ["sales.csv", "two words.csv", "Übersicht 100% #1.csv"])
async def test_files_are_uploaded_processed_and_downloaded(executor, name):
    """Code reads uploaded files by their names, and the files that it writes to folders are listed and downloaded."""
    content = bytes(range(256)) * 100
    (executor.work_dir / name).write_bytes(content)
    await executor.upload_files([name], CancellationToken())
    code = f"import os\nos.makedirs('out')\nopen('out/twice.bin', 'wb').write(open({name!r}, 'rb').read() * 2)"
    exit_code, output = await run(executor, code)
    assert (exit_code, output) == (0, "51200\n[files: out/twice.bin (51200 bytes)]")
    assert sorted(await executor.get_file_list(CancellationToken())) == sorted([name, "out/twice.bin"])
    await executor.download_files(["out/twice.bin"], CancellationToken())
    assert (executor.work_dir / "out" / "twice.bin").read_bytes() == content * 2


async def test_files_that_cannot_be_downloaded_are_errors(executor):
    """A file that does not exist is a FileNotFoundError, and a path out of work_dir a ValueError."""
    await run(executor, "1")
    with pytest.raises(FileNotFoundError, match="nothing.txt"):
        await executor.download_files(["nothing.txt"], CancellationToken())
    with pytest.raises(ValueError, match="leaves the work_dir"):
        await executor.download_files(["../outside.txt"], CancellationToken())


async def test_cancellation_interrupts_the_run(executor):
    """The token cancels the run in the session, whose variables are kept; the session is free at once."""
    token = CancellationToken()
    running = asyncio.create_task(run(executor, "stopped = False", _UNTIL_GO, token=token))
    await until_started(executor)
    token.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert await run(executor, "stopped") == (0, "True")


async def test_canceled_token_runs_nothing(executor):
    """A token that has been canceled before ends the call at once."""
    token = CancellationToken()
    token.cancel()
    with pytest.raises(asyncio.CancelledError):
        await run(executor, "open('ran.txt', 'w')", token=token)
    assert await executor.get_file_list(CancellationToken()) == []


async def test_timeout_is_exit_code_124(make_executor):
    """A run that exceeds the timeout is stopped, and its variables are kept. An error of code has exit code 1."""
    async with make_executor(timeout=2) as executor:
        exit_code, output = await run(executor, "x = 1\nimport time\nprint('begun')\ntime.sleep(60)")
        assert exit_code == 124 and output.startswith("begun\nTimeoutError")
        assert await run(executor, "x") == (0, "1")
        assert (await run(executor, "raise TimeoutError('of the code')"))[0] == 1


async def test_run_that_takes_longer_than_a_call_is_followed(make_executor):
    """A run that is longer than one call of the connector waits for returns its result."""
    async with make_executor(timeout=3) as executor:  # so that the call waits for 2 s
        assert await run(executor, "import time\ntime.sleep(2.5)\n6 * 7") == (0, "42")


async def test_calls_at_once_run_in_order(executor):
    """Calls of a tool that a model makes at the same time run one after the other, in their order."""
    codes = ["import time; seen = []; time.sleep(0.5); seen.append(1)", "seen.append(2)", "seen.append(3)\nseen"]
    results = await asyncio.gather(*(run(executor, code) for code in codes))
    assert results == [(0, ""), (0, ""), (0, "[1, 2, 3]")]


async def test_restart_ends_the_session(small_connector, monkeypatch, tmp_path):
    """After a restart, code runs in a new session without variables and files, and the old one no longer exists."""
    monkeypatch.setenv("CONNECTOR_KEY", small_connector["connector_key"])
    async with ConnectorCodeExecutor(small_connector["connector_url"], patience=0) as executor:
        await run(executor, "x = 1; open('x.txt', 'w').write('x')")
        await executor.restart()
        exit_code, output = await run(executor, "x")
        assert exit_code == 1 and "NameError" in output
        assert await executor.get_file_list(CancellationToken()) == []
        await executor.stop()
        assert await run(executor, "'stopped executors can be used again'") == (
            0,
            "stopped executors can be used again",
        )


async def test_session_that_is_lost_is_reported(executor, connector):
    """If the variables are lost between two runs, the output states so."""
    await run(executor, "x = 1")
    _, output = await run(executor, "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)")
    exit_code, output = await run(executor, "print('goes on')")
    assert exit_code == 0 and output.startswith("goes on\n") and "Variables of earlier runs no longer exist" in output


async def test_configuration_is_dumped_and_loaded(make_executor, connector, tmp_path):
    """The dumped component has every option and no secret; the loaded one runs code, in another session."""
    async with make_executor(timeout=77, patience=5) as executor:
        await run(executor, "x = 1")
        dumped = executor.dump_component()
        text = dumped.model_dump_json()
        assert connector.key not in text
        assert json.loads(text)["config"] == {
            "connector_url": connector.url,
            "key_variable": "CONNECTOR_KEY",
            "timeout": 77,
            "patience": 5,
            "work_dir": str(tmp_path),
        }
        async with CodeExecutor.load_component(dumped) as loaded:
            assert isinstance(loaded, ConnectorCodeExecutor)
            assert loaded.dump_component() == dumped
            exit_code, output = await run(loaded, "x")
            assert exit_code == 1 and "NameError" in output


async def test_tool_returns_the_output(executor):
    """PythonCodeExecutionTool runs code with the executor, and can be dumped and loaded with it."""
    tool = PythonCodeExecutionTool(executor)
    result = await tool.run(CodeExecutionInput(code="6 * 7"), CancellationToken())
    assert (result.success, result.output) == (True, "42")
    assert PythonCodeExecutionTool.load_component(tool.dump_component()).name == tool.name


@pytest.mark.filterwarnings("ignore:No approval function")
async def test_code_executor_agent_runs_the_blocks_of_a_message(executor):
    """CodeExecutorAgent without a model runs the fenced blocks of a message."""
    agent = CodeExecutorAgent("executor", executor)
    message = TextMessage(content="```python\nx = 6\n```\nand\n```python\nx * 7\n```", source="user")
    response = await agent.on_messages([message], CancellationToken())
    assert response.chat_message.to_text() == "42"


@pytest.mark.filterwarnings("ignore:No approval function")
async def test_code_executor_agent_corrects_its_code(executor):
    """CodeExecutorAgent with a model reads the error, tries again, and answers."""
    client = replay(
        "```python\nimport math\nmath.squareroot(49)\n```",
        '{"reason": "The function is called sqrt.", "retry": true}',
        "```python\nmath.sqrt(49)\n```",
        "It is 7.",
    )
    agent = CodeExecutorAgent("writer", executor, model_client=client, max_retries_on_error=1)
    task = TextMessage(content="The root of 49?", source="user")
    events = [event async for event in agent.on_messages_stream([task], CancellationToken())]
    failed, corrected = (event.result for event in events if isinstance(event, CodeExecutionEvent))
    assert failed.exit_code == 1 and "AttributeError in line 2" in failed.output
    assert (corrected.exit_code, corrected.output) == (0, "7.0")
    assert events[-1].chat_message.to_text() == "It is 7."


async def test_wrong_key_is_refused_at_once(make_executor, monkeypatch):
    """A wrong key raises ConnectorRefused with the settings to check, without further attempts."""
    monkeypatch.setenv("CONNECTOR_KEY", "wrong")
    begin = time.monotonic()
    with pytest.raises(ConnectorRefused, match="CONNECTOR_KEY or CONNECTOR_AUDIENCE"):
        await run(make_executor(patience=60), "1")
    assert time.monotonic() - begin < 10


async def test_connector_that_is_down_is_an_error_after_the_patience(make_executor):
    """A connector that cannot be reached raises ConnectorUnavailable when `patience` is over."""
    begin = time.monotonic()
    with pytest.raises(ConnectorUnavailable, match="Check CONNECTOR_URL"):
        await run(make_executor(connector_url="http://127.0.0.1:9/api", patience=1), "1")
    assert time.monotonic() - begin < 8


async def test_code_that_the_connector_refuses_is_an_error_with_its_message(executor):
    """A request that the connector refuses raises ConnectorError with the connector's own message."""
    with pytest.raises(ConnectorError, match="pythonCode"):
        await run(executor, "#" * 300_000)


_BUSY = "HTTP/1.1 {} Busy\r\nRetry-After: 1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


@pytest.mark.parametrize(
    "faults",
    [["lose"], ["lose", "lose"], [_BUSY.format(429)], [_BUSY.format(503), "lose"]],
    ids=["lost response", "two lost responses", "429", "503 and a lost response"],
)
async def test_code_runs_once_whatever_becomes_of_the_response(make_executor, connector, faults):
    """A lost connection, a 429 and a 503 never run code twice, and never lose the result."""
    proxy = LossyProxy(urlsplit(connector.url).port, faults)
    expected = len(faults) + 1
    async with proxy.running() as url, make_executor(connector_url=url) as executor:
        code = "with open('runs.txt', 'a') as runs:\n    _ = runs.write('run ')\nopen('runs.txt').read()"
        exit_code, output = await run(executor, code)
    assert (exit_code, output) == (0, "run \n[files: runs.txt (4 bytes)]")
    assert proxy.requests == expected and proxy.faults == []


async def test_connector_that_is_restarted_during_a_run_loses_nothing(connector_alone, tmp_path):
    """A connector that is killed and started again while code runs returns the result of the only run."""
    async with ConnectorCodeExecutor(connector_alone.url, work_dir=tmp_path) as executor:
        await run(executor, "before = 41")
        running = asyncio.create_task(run(executor, _UNTIL_GO))
        await until_started(executor)
        await asyncio.to_thread(connector_alone.kill)
        await asyncio.to_thread(connector_alone.start)
        await executor.upload("go", b"")
        assert await running == (0, "run\n\n[files: go (0 bytes), runs.txt (4 bytes)]")
        assert await run(executor, "before + 1") == (0, "42")


async def test_event_loop_is_not_blocked(executor):
    """While code runs, the event loop does other work."""
    running = asyncio.create_task(run(executor, "import time\ntime.sleep(1.5)"))
    longest = 0.0
    while not running.done():
        begin = time.monotonic()
        await asyncio.sleep(0.01)
        longest = max(longest, time.monotonic() - begin)
    assert longest < 0.2


async def test_entra_sign_in_sends_a_token_of_the_identity(pool, use_pool_identity):
    """With an audience, each request has a bearer token of the app's identity, and no key."""
    use_pool_identity(pool)
    sign_in = EntraSignIn("https://dynamicsessions.io")
    headers = await sign_in.headers()
    assert list(headers) == ["Authorization"] and headers["Authorization"].startswith("Bearer ey")
    connector = Connector(f"{pool.endpoint}", sign_in)
    await connector.close()

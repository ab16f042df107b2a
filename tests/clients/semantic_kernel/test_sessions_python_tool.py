"""semantic-kernel: SessionsPythonTool against the pool, which it speaks to by https alone."""

import asyncio
import ssl

import httpx
import pytest
from azure.identity import DefaultAzureCredential
from semantic_kernel import Kernel
from semantic_kernel.core_plugins.sessions_python_tool import SessionsPythonSettings, SessionsPythonTool
from semantic_kernel.exceptions.function_exceptions import FunctionExecutionException, FunctionInitializationError

pytestmark = pytest.mark.anyio


@pytest.fixture
def pool(start_pool):
    return start_pool("--tls")


@pytest.fixture
async def tool_for(pool, session_id, tmp_path, monkeypatch):
    """Makes a tool for a session of the pool, whose own http client trusts the pool's certificate."""
    monkeypatch.setenv("SSL_CERT_FILE", str(pool.certificate))
    made = []

    def make(**options):
        settings = SessionsPythonSettings(session_id=options.pop("session_id", session_id))
        if "credential" not in options:
            options.setdefault("auth_callback", lambda: pool.token)
        options.setdefault("pool_management_endpoint", pool.endpoint)
        made.append(
            SessionsPythonTool(
                settings=settings,
                enable_dangerous_file_uploads=True,
                allowed_upload_directories={str(tmp_path)},
                allowed_download_directories={str(tmp_path)},
                **options,
            )
        )
        return made[-1]

    yield make
    for tool in made:
        await tool.http_client.aclose()


@pytest.fixture
def tool(tool_for):
    return tool_for()


@pytest.fixture
def uploader(tool_for):
    """A second tool for the same session: once one has run code, it sends uploads with the type of JSON."""
    return tool_for()


async def ran(tool, code):
    """The parts of the text that the tool makes of a run."""
    text = await tool.execute_code(code)
    status, _, rest = text.removeprefix("Status:\n").partition("\nResult:\n")
    result, _, streams = rest.partition("\nStdout:\n")
    stdout, _, stderr = streams.partition("\nStderr:\n")
    return {"status": status, "result": result, "stdout": stdout, "stderr": stderr}


async def files_of(tool):
    return {file.filename: file.size_in_bytes for file in await tool.list_files()}


@pytest.fixture
def uploaded(uploader, tmp_path):
    """Uploads bytes under a name, from a local file with another one."""

    async def upload(content, remote_file_path):
        (tmp_path / "local").write_bytes(content)
        return await uploader.upload_file(local_file_path=str(tmp_path / "local"), remote_file_path=remote_file_path)

    return upload


async def test_execute_code_tells_status_value_and_streams(tool):
    """The model reads how the run went, the value of the last line and both streams."""
    code = "import sys\nprint('out')\nprint('err', file=sys.stderr)\n6 * 7"
    assert await tool.execute_code(code) == "Status:\nSuccess\nResult:\n42\nStdout:\nout\n\nStderr:\nerr\n"


async def test_code_in_a_markdown_fence_runs(tool):
    """The tool strips the fence that models like to put around code."""
    assert (await ran(tool, "```python\n6 * 7\n```"))["result"] == "42"


async def test_a_kernel_calls_the_tool_as_a_plugin(tool):
    """The kernel's functions for running code and listing files reach the pool."""
    kernel = Kernel()
    plugin = kernel.add_plugin(tool, "python")
    result = await kernel.invoke(plugin["execute_code"], code="print(open('/mnt/data/x', 'w').write('four'))")
    assert str(result) == "Status:\nSuccess\nResult:\n\nStdout:\n4\n\nStderr:\n"
    listed = await kernel.invoke(plugin["list_files"])
    assert [(file.filename, file.size_in_bytes) for file in listed.value] == [("x", 4)]


async def test_variables_live_from_call_to_call(tool, tool_for, session_id):
    """What one call defines the next one finds; another session does not."""
    await tool.execute_code("x = 41")
    assert (await ran(tool, "x + 1"))["result"] == "42"
    other = await ran(tool_for(session_id=session_id + "-other"), "x")
    assert other["status"] == "Failure" and "NameError" in other["stderr"]


async def test_an_exception_is_a_failure_with_a_traceback(tool):
    """The exception is in stderr and what was printed before in stdout; the session goes on."""
    told = await ran(tool, "before = 5\nprint('so far')\n1 / 0")
    assert (told["status"], told["result"], told["stdout"]) == ("Failure", "None", "so far\n")
    assert "ZeroDivisionError" in told["stderr"] and "division by zero" in told["stderr"]
    assert (await ran(tool, "before"))["result"] == "5"


async def test_a_figure_is_an_image_object(tool):
    """A figure comes back as a PNG in base64."""
    told = await ran(tool, "import matplotlib.pyplot as plt\nplt.plot([1, 4, 9])\nplt.show()")
    assert told["result"].startswith("{'type': 'image', 'format': 'png', 'base64_data': 'iVBORw0KGgo")


async def test_a_file_goes_in_through_code_and_out(tool, uploader, tmp_path):
    """An uploaded file is there for the code; what the code writes is listed and downloaded."""
    (tmp_path / "numbers.csv").write_text("n\n1\n2\n3\n")
    metadata = await uploader.upload_file(local_file_path=str(tmp_path / "numbers.csv"))
    assert (metadata.filename, metadata.size_in_bytes) == ("numbers.csv", 8)
    assert metadata.full_path == "/mnt/data/numbers.csv"
    code = "import pandas as pd\n(pd.read_csv('/mnt/data/numbers.csv') * 10).to_csv('/mnt/data/tens.csv', index=False)"
    assert (await ran(tool, code))["status"] == "Success"
    assert await files_of(tool) == {"numbers.csv": 8, "tens.csv": 11}
    content = await tool.download_file(remote_file_name="tens.csv")
    assert content.read() == b"n\n10\n20\n30\n"


async def test_a_download_can_be_saved(tool, uploaded, tmp_path):
    """What is saved is what was sent, byte for byte."""
    every_byte = bytes(range(256)) * 300
    await uploaded(every_byte, "blob.bin")
    saved = tmp_path / "copy.bin"
    assert await tool.download_file(remote_file_name="blob.bin", local_file_path=str(saved)) is None
    assert saved.read_bytes() == every_byte


async def test_a_new_session_has_no_files(tool):
    """The list is empty, and not an error."""
    assert await tool.list_files() == []


@pytest.mark.parametrize("name", ["report.csv", "/mnt/data/report.csv"])
async def test_the_remote_name_may_begin_with_the_data_folder(tool, uploaded, name):
    """Both ways to say where the file goes mean the same file."""
    metadata = await uploaded(b"content", name)
    assert (metadata.filename, metadata.full_path) == ("report.csv", "/mnt/data/report.csv")
    assert (await ran(tool, "open('/mnt/data/report.csv').read()"))["result"] == "content"


async def test_files_in_folders_are_named_by_their_path(tool, uploaded):
    """A folder in the remote name is made; code, list and download know the file by the same path."""
    metadata = await uploaded(b"a,b\n", "in/deep/data.csv")
    assert (metadata.filename, metadata.size_in_bytes) == ("in/deep/data.csv", 4)
    assert (await ran(tool, "open('/mnt/data/in/deep/data.csv').read().strip()"))["result"] == "a,b"
    await tool.execute_code("import os\nos.mkdir('/mnt/data/out')\nopen('/mnt/data/out/b.csv', 'w').write('bc')")
    assert await files_of(tool) == {"in/deep/data.csv": 4, "out/b.csv": 2}
    assert (await tool.download_file(remote_file_name="in/deep/data.csv")).read() == b"a,b\n"
    assert (await tool.download_file(remote_file_name="out/b.csv")).read() == b"bc"


@pytest.mark.parametrize(
    "name", ["two words.csv", "Übersicht März.csv", "数据.csv", "50% (a=b, c;d) & #1 $@^.csv", "dir one/Größe %41.csv"]
)
async def test_names_come_back_as_they_were_given(tool, uploaded, name):
    """Spaces, letters of all scripts and signs mean the same to upload, code, list and download."""
    assert (await uploaded(b"content", name)).filename == name
    assert await files_of(tool) == {name: 7}
    assert (await ran(tool, f"open({'/mnt/data/' + name!r}).read()"))["result"] == "content"
    assert (await tool.download_file(remote_file_name=name)).read() == b"content"


async def test_a_missing_file_is_not_found(tool):
    """The tool tells the status and the pool's words."""
    with pytest.raises(FunctionExecutionException, match="(?s)status code 404.*nothing.txt"):
        await tool.download_file(remote_file_name="nothing.txt")


async def test_a_bad_token_is_refused(tool_for):
    """A token that the pool did not issue is a 401."""
    with pytest.raises(FunctionExecutionException, match="status code 401"):
        await tool_for(auth_callback=lambda: "nonsense").execute_code("1")


async def test_an_asynchronous_callback_gives_the_token(tool_for, pool):
    """The tool waits for a callback that is a coroutine."""

    async def token():
        await asyncio.sleep(0)
        return pool.token

    assert (await ran(tool_for(auth_callback=token), "6 * 7"))["result"] == "42"


async def test_the_default_credential_finds_the_pools_tokens(tool_for, pool, led_by_identity):
    """With nothing but an app's identity variables, DefaultAzureCredential and the tool's own scope let it in."""
    led_by_identity(pool)
    assert (await ran(tool_for(credential=DefaultAzureCredential()), "6 * 7"))["result"] == "42"


async def test_the_scope_of_sessions_can_be_chosen(tool_for, pool, led_by_identity):
    """A token for https://dynamicsessions.io lets the tool in."""
    led_by_identity(pool)
    tool = tool_for(credential=DefaultAzureCredential(), token_endpoint="https://dynamicsessions.io/.default")
    assert (await ran(tool, "6 * 7"))["result"] == "42"


async def test_the_endpoint_as_the_package_documents_it(tool_for, pool):
    """The endpoint may end with `python/execute`, which the tool takes off."""
    assert (await ran(tool_for(pool_management_endpoint=pool.endpoint + "/python/execute"), "6 * 7"))["result"] == "42"


async def test_a_client_of_ones_own_that_trusts_the_certificate(tool_for, pool, monkeypatch):
    """The printed certificate alone makes a TLS context that verifies the pool, host name included."""
    monkeypatch.delenv("SSL_CERT_FILE")
    context = ssl.create_default_context(cafile=pool.certificate)
    assert context.check_hostname
    tool = tool_for(http_client=httpx.AsyncClient(verify=context, timeout=5))
    assert (await ran(tool, "6 * 7"))["result"] == "42"
    with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
        await tool_for().execute_code("6 * 7")


async def test_plain_http_is_nothing_for_this_tool(tool_for, pool):
    """Why the pool is started with TLS here."""
    with pytest.raises(FunctionInitializationError, match="https"):
        tool_for(pool_management_endpoint=pool.endpoint.replace("https", "http"))


async def test_sessions_side_by_side_do_not_mix(tool_for, session_id):
    """Tools that work at the same time each find their own variables."""

    async def work(number):
        tool = tool_for(session_id=f"{session_id}-{number}")
        await tool.execute_code(f"n = {number}")
        return (await ran(tool, "n * n"))["result"]

    assert await asyncio.gather(*map(work, range(1, 5))) == ["1", "4", "9", "16"]

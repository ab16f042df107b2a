"""semantic-kernel: SessionsPythonTool against the pool, which it only calls over HTTPS."""

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
    """Returns a function that creates a tool, whose HTTP client trusts the certificate of the pool."""
    monkeypatch.setenv("SSL_CERT_FILE", str(pool.certificate))
    tools = []

    def make(**options):
        settings = SessionsPythonSettings(session_id=options.pop("session_id", session_id))
        if "credential" not in options:
            options.setdefault("auth_callback", lambda: pool.token)
        options.setdefault("pool_management_endpoint", pool.endpoint)
        tools.append(
            SessionsPythonTool(
                settings=settings,
                enable_dangerous_file_uploads=True,
                allowed_upload_directories={str(tmp_path)},
                allowed_download_directories={str(tmp_path)},
                **options,
            )
        )
        return tools[-1]

    yield make
    for tool in tools:
        await tool.http_client.aclose()


@pytest.fixture
def tool(tool_for):
    return tool_for()


@pytest.fixture
def uploader(tool_for):
    """A second tool for the same session: after a tool has run code, it sends uploads with the content type of JSON."""
    return tool_for()


async def run(tool, code):
    """Run code. Returns the sections of the text that the tool returns."""
    text = await tool.execute_code(code)
    status, _, rest = text.removeprefix("Status:\n").partition("\nResult:\n")
    result, _, streams = rest.partition("\nStdout:\n")
    stdout, _, stderr = streams.partition("\nStderr:\n")
    return {"status": status, "result": result, "stdout": stdout, "stderr": stderr}


async def files_of(tool):
    return {file.filename: file.size_in_bytes for file in await tool.list_files()}


@pytest.fixture
def upload(uploader, tmp_path):
    """Returns a function that uploads bytes under a name, from a local file with another name."""

    async def upload(content, remote_file_path):
        (tmp_path / "local").write_bytes(content)
        return await uploader.upload_file(local_file_path=str(tmp_path / "local"), remote_file_path=remote_file_path)

    return upload


async def test_execute_code_returns_status_value_and_streams(tool):
    """The model reads the status of the run, the value of the last line and both streams."""
    code = "import sys\nprint('out')\nprint('err', file=sys.stderr)\n6 * 7"
    assert await tool.execute_code(code) == "Status:\nSuccess\nResult:\n42\nStdout:\nout\n\nStderr:\nerr\n"


async def test_code_in_a_markdown_fence_runs(tool):
    """The tool strips the fence that models often put around code."""
    assert (await run(tool, "```python\n6 * 7\n```"))["result"] == "42"


async def test_kernel_calls_the_tool_as_a_plugin(tool):
    """The kernel's functions for running code and listing files reach the pool."""
    kernel = Kernel()
    plugin = kernel.add_plugin(tool, "python")
    result = await kernel.invoke(plugin["execute_code"], code="print(open('/mnt/data/x', 'w').write('four'))")
    assert str(result) == "Status:\nSuccess\nResult:\n\nStdout:\n4\n\nStderr:\n"
    listed = await kernel.invoke(plugin["list_files"])
    assert [(file.filename, file.size_in_bytes) for file in listed.value] == [("x", 4)]


async def test_variables_persist_from_call_to_call(tool, tool_for, session_id):
    """A variable of one call exists in the next one, but not in another session."""
    await tool.execute_code("x = 41")
    assert (await run(tool, "x + 1"))["result"] == "42"
    other = await run(tool_for(session_id=session_id + "-other"), "x")
    assert other["status"] == "Failure" and "NameError" in other["stderr"]


async def test_exception_is_a_failure_with_a_traceback(tool):
    """stderr has the exception and stdout the text printed before; the session stays usable."""
    result = await run(tool, "before = 5\nprint('so far')\n1 / 0")
    assert (result["status"], result["result"], result["stdout"]) == ("Failure", "None", "so far\n")
    assert "ZeroDivisionError" in result["stderr"] and "division by zero" in result["stderr"]
    assert (await run(tool, "before"))["result"] == "5"


async def test_figure_is_an_image_object(tool):
    """A figure is returned as a PNG in base64."""
    result = await run(tool, "import matplotlib.pyplot as plt\nplt.plot([1, 4, 9])\nplt.show()")
    assert result["result"].startswith("{'type': 'image', 'format': 'png', 'base64_data': 'iVBORw0KGgo")


async def test_file_is_uploaded_processed_and_downloaded(tool, uploader, tmp_path):
    """Code reads an uploaded file; the file that it writes is listed and downloaded."""
    (tmp_path / "numbers.csv").write_text("n\n1\n2\n3\n")
    metadata = await uploader.upload_file(local_file_path=str(tmp_path / "numbers.csv"))
    assert (metadata.filename, metadata.size_in_bytes) == ("numbers.csv", 8)
    assert metadata.full_path == "/mnt/data/numbers.csv"
    code = "import pandas as pd\n(pd.read_csv('/mnt/data/numbers.csv') * 10).to_csv('/mnt/data/tens.csv', index=False)"
    assert (await run(tool, code))["status"] == "Success"
    assert await files_of(tool) == {"numbers.csv": 8, "tens.csv": 11}
    content = await tool.download_file(remote_file_name="tens.csv")
    assert content.read() == b"n\n10\n20\n30\n"


async def test_download_can_be_saved(tool, upload, tmp_path):
    """The saved bytes are those that were uploaded."""
    every_byte = bytes(range(256)) * 300
    await upload(every_byte, "blob.bin")
    saved = tmp_path / "copy.bin"
    assert await tool.download_file(remote_file_name="blob.bin", local_file_path=str(saved)) is None
    assert saved.read_bytes() == every_byte


async def test_new_session_has_no_files(tool):
    """The list is empty, without an error."""
    assert await tool.list_files() == []


@pytest.mark.parametrize("name", ["report.csv", "/mnt/data/report.csv"])
async def test_remote_name_may_start_with_the_data_folder(tool, upload, name):
    """Both names refer to the same file."""
    metadata = await upload(b"content", name)
    assert (metadata.filename, metadata.full_path) == ("report.csv", "/mnt/data/report.csv")
    assert (await run(tool, "open('/mnt/data/report.csv').read()"))["result"] == "content"


async def test_files_in_folders_are_named_by_their_path(tool, upload):
    """A folder in the remote name is created; code, list and download use the same path for the file."""
    metadata = await upload(b"a,b\n", "in/deep/data.csv")
    assert (metadata.filename, metadata.size_in_bytes) == ("in/deep/data.csv", 4)
    assert (await run(tool, "open('/mnt/data/in/deep/data.csv').read().strip()"))["result"] == "a,b"
    await tool.execute_code("import os\nos.mkdir('/mnt/data/out')\nopen('/mnt/data/out/b.csv', 'w').write('bc')")
    assert await files_of(tool) == {"in/deep/data.csv": 4, "out/b.csv": 2}
    assert (await tool.download_file(remote_file_name="in/deep/data.csv")).read() == b"a,b\n"
    assert (await tool.download_file(remote_file_name="out/b.csv")).read() == b"bc"


@pytest.mark.parametrize(
    "name", ["two words.csv", "Übersicht März.csv", "数据.csv", "50% (a=b, c;d) & #1 $@^.csv", "dir one/Größe %41.csv"]
)
async def test_file_names_are_preserved(tool, upload, name):
    """Upload, code, list and download agree on names with spaces, any letters and special characters."""
    assert (await upload(b"content", name)).filename == name
    assert await files_of(tool) == {name: 7}
    assert (await run(tool, f"open({'/mnt/data/' + name!r}).read()"))["result"] == "content"
    assert (await tool.download_file(remote_file_name=name)).read() == b"content"


async def test_missing_file_is_not_found(tool):
    """The tool reports the status and the pool's message."""
    with pytest.raises(FunctionExecutionException, match="(?s)status code 404.*nothing.txt"):
        await tool.download_file(remote_file_name="nothing.txt")


async def test_invalid_token_is_rejected(tool_for):
    """A token that the pool did not issue is a 401."""
    with pytest.raises(FunctionExecutionException, match="status code 401"):
        await tool_for(auth_callback=lambda: "nonsense").execute_code("1")


async def test_asynchronous_callback_returns_the_token(tool_for, pool):
    """The tool awaits a callback that is a coroutine function."""

    async def token():
        await asyncio.sleep(0)
        return pool.token

    assert (await run(tool_for(auth_callback=token), "6 * 7"))["result"] == "42"


async def test_default_credential_gets_a_token_of_the_pool(tool_for, pool, use_pool_identity):
    """With only an app's identity variables set, DefaultAzureCredential authenticates the tool with its own scope."""
    use_pool_identity(pool)
    assert (await run(tool_for(credential=DefaultAzureCredential()), "6 * 7"))["result"] == "42"


async def test_scope_of_sessions_is_accepted(tool_for, pool, use_pool_identity):
    """A token for https://dynamicsessions.io authenticates the tool."""
    use_pool_identity(pool)
    tool = tool_for(credential=DefaultAzureCredential(), token_endpoint="https://dynamicsessions.io/.default")
    assert (await run(tool, "6 * 7"))["result"] == "42"


async def test_endpoint_as_the_package_documents_it(tool_for, pool):
    """The endpoint may end with `python/execute`, which the tool removes."""
    assert (await run(tool_for(pool_management_endpoint=pool.endpoint + "/python/execute"), "6 * 7"))["result"] == "42"


async def test_custom_client_can_trust_the_certificate(tool_for, pool, monkeypatch):
    """A TLS context with only the printed certificate verifies the pool, including its host name."""
    monkeypatch.delenv("SSL_CERT_FILE")
    context = ssl.create_default_context(cafile=pool.certificate)
    assert context.check_hostname
    tool = tool_for(http_client=httpx.AsyncClient(verify=context, timeout=5))
    assert (await run(tool, "6 * 7"))["result"] == "42"
    with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
        await tool_for().execute_code("6 * 7")


async def test_tool_requires_https(tool_for, pool):
    """This is why the pool is started with TLS here."""
    with pytest.raises(FunctionInitializationError, match="https"):
        tool_for(pool_management_endpoint=pool.endpoint.replace("https", "http"))


async def test_concurrent_sessions_are_isolated(tool_for, session_id):
    """Tools that run at the same time each have their own variables."""

    async def work(number):
        tool = tool_for(session_id=f"{session_id}-{number}")
        await tool.execute_code(f"n = {number}")
        return (await run(tool, "n * n"))["result"]

    assert await asyncio.gather(*map(work, range(1, 5))) == ["1", "4", "9", "16"]

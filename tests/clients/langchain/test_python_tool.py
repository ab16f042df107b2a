"""langchain-azure-dynamic-sessions: SessionsPythonREPLTool against the pool."""

import base64
import io
import json
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests
from langchain_azure_dynamic_sessions import SessionsPythonREPLTool

FIGURE = "import matplotlib.pyplot as plt\nplt.plot([1, 4, 9])\nplt.show()"


@pytest.fixture
def tool_for(pool):
    """Returns a function that creates a tool for one session of the pool, with a token of the pool."""
    return lambda session_id, **settings: SessionsPythonREPLTool(
        pool_management_endpoint=pool.endpoint,
        access_token_provider=lambda: pool.token,
        session_id=session_id,
        **settings,
    )


@pytest.fixture
def tool(tool_for, session_id):
    return tool_for(session_id)


def files_of(tool):
    return {file.filename: file.size_in_bytes for file in tool.list_files()}


def test_execute_returns_the_value_of_the_last_line_as_a_number(tool):
    """An integer is returned as a number, not as text."""
    ran = tool.execute("6 * 7")
    assert (ran["status"], ran["result"], ran["stdout"], ran["stderr"]) == ("Success", 42, "", "")
    assert type(ran["result"]) is int
    assert type(ran["executionTimeInMilliseconds"]) is int


def test_invoke_returns_json(tool):
    """The model gets the value and the streams as JSON, and nothing else."""
    assert json.loads(tool.invoke("6 * 7")) == {"result": 42, "stdout": "", "stderr": ""}


def test_invoke_with_a_tool_call_keeps_the_complete_response(tool):
    """The message for the model has the JSON text, and its artifact the pool's response."""
    call = {"name": tool.name, "args": {"python_code": "print('hello')"}, "id": "call-1", "type": "tool_call"}
    message = tool.invoke(call)
    assert json.loads(message.content) == {"result": "", "stdout": "hello\n", "stderr": ""}
    assert message.tool_call_id == "call-1"
    assert (message.artifact["status"], message.artifact["stdout"]) == ("Success", "hello\n")


@pytest.mark.parametrize(
    ("code", "value"),
    [
        ("1 / 8", 0.125),
        ("2 > 1", True),
        ("'forty-' + 'two'", "forty-two"),
        ("[1, 'two']", "[1, 'two']"),
        ("'Größe: ' + chr(0x6570)", "Größe: 数"),
        ("x = 1", ""),
    ],
)
def test_values_have_the_types_that_json_has_for_them(tool, code, value):
    """Numbers, booleans and strings are JSON; other values are text as Python displays them."""
    result = tool.execute(code)["result"]
    assert (type(result), result) == (type(value), value)


def test_printed_text_is_separate_from_the_value(tool):
    """The response has both streams and the value separately."""
    ran = tool.execute("import sys\nprint('out', 1)\nprint('err', 2, file=sys.stderr)\n'value'")
    assert (ran["stdout"], ran["stderr"], ran["result"]) == ("out 1\n", "err 2\n", "value")


def test_code_in_a_markdown_fence_runs(tool):
    """The tool strips the fence that models often put around code."""
    assert tool.execute("```python\n6 * 7\n```")["result"] == 42


def test_variables_persist_from_call_to_call(tool, tool_for):
    """A variable of one call exists in the next one, but not in another session."""
    tool.execute("import math\nradius = 2")
    assert tool.execute("math.floor(math.pi * radius**2)")["result"] == 12
    assert "NameError" in tool_for(tool.session_id + "-other").execute("radius")["stderr"]


def test_exception_is_a_failure_with_a_traceback(tool):
    """stderr has the exception and stdout the text printed before; the session stays usable."""
    ran = tool.execute("before = 5\nprint('so far')\n1 / 0")
    assert ran["status"] == "Failure"
    assert "ZeroDivisionError" in ran["stderr"] and "division by zero" in ran["stderr"]
    assert ran["stdout"] == "so far\n"
    assert tool.execute("before")["result"] == 5


def test_invoke_reports_exceptions_to_the_model(tool):
    """An exception in the code does not raise one in the tool: the model reads it."""
    response = json.loads(tool.invoke("int('x')"))
    assert response["result"] is None
    assert "ValueError" in response["stderr"] and "invalid literal for int()" in response["stderr"]


def test_syntax_error_is_a_failure(tool):
    """Code that cannot be parsed is reported like code that failed."""
    ran = tool.execute("def (:")
    assert ran["status"] == "Failure"
    assert "SyntaxError" in ran["stderr"]


def test_figure_is_an_image_object(tool):
    """A figure is returned as a PNG in base64."""
    image = tool.execute(FIGURE)["result"]
    assert (image["type"], image["format"]) == ("image", "png")
    assert base64.b64decode(image["base64_data"], validate=True).startswith(b"\x89PNG\r\n\x1a\n")


def test_invoke_omits_the_bytes_of_a_figure(tool):
    """The text for the model mentions the image; the artifact has its bytes."""
    message = tool.invoke({"name": tool.name, "args": {"python_code": FIGURE}, "id": "1", "type": "tool_call"})
    assert json.loads(message.content)["result"] == {"type": "image", "format": "png"}
    assert base64.b64decode(message.artifact["result"]["base64_data"]).startswith(b"\x89PNG")


def test_stream_is_uploaded_processed_and_downloaded(tool):
    """Code reads an uploaded stream as a file; the file that it writes is listed and downloaded."""
    uploaded = tool.upload_file(data=io.BytesIO(b"n\n1\n2\n3\n"), remote_file_path="numbers.csv")
    assert (uploaded.filename, uploaded.size_in_bytes, uploaded.full_path) == (
        "numbers.csv",
        8,
        "/mnt/data/numbers.csv",
    )
    ran = tool.execute(
        "import pandas as pd\n"
        "frame = pd.read_csv('/mnt/data/numbers.csv')\n"
        "(frame * 10).to_csv('/mnt/data/tens.csv', index=False)\n"
        "int(frame.n.sum())"
    )
    assert ran["result"] == 6
    assert files_of(tool) == {"numbers.csv": 8, "tens.csv": 11}
    assert tool.download_file(remote_file_path="tens.csv").read() == b"n\n10\n20\n30\n"


def test_local_file_is_uploaded_under_its_own_name_and_saved_to_a_path(tool, tmp_path):
    """Without a remote name the local one is used; a download can be saved."""
    every_byte = bytes(range(256)) * 300
    (tmp_path / "blob.bin").write_bytes(every_byte)
    uploaded = tool.upload_file(local_file_path=str(tmp_path / "blob.bin"))
    assert (uploaded.filename, uploaded.size_in_bytes) == ("blob.bin", 76_800)
    saved = tmp_path / "copy.bin"
    tool.download_file(remote_file_path="blob.bin", local_file_path=str(saved))
    assert saved.read_bytes() == every_byte


def test_second_upload_replaces_the_file(tool):
    """The newest file of a name replaces the previous one."""
    tool.upload_file(data=io.BytesIO(b"first, and longer"), remote_file_path="note.txt")
    tool.upload_file(data=io.BytesIO(b"second"), remote_file_path="note.txt")
    assert files_of(tool) == {"note.txt": 6}
    assert tool.download_file(remote_file_path="note.txt").read() == b"second"


def test_empty_file_and_empty_session(tool):
    """A new session has no files, and a file may be empty."""
    assert tool.list_files() == []
    assert tool.upload_file(data=io.BytesIO(b""), remote_file_path="empty.txt").size_in_bytes == 0
    assert files_of(tool) == {"empty.txt": 0}
    assert tool.download_file(remote_file_path="empty.txt").read() == b""


def test_files_in_folders_are_named_by_their_path(tool):
    """A folder in the remote name is created; code, list and download use the same path for the file."""
    uploaded = tool.upload_file(data=io.BytesIO(b"a,b\n1,2\n"), remote_file_path="in/deep/data.csv")
    assert (uploaded.filename, uploaded.size_in_bytes) == ("in/deep/data.csv", 8)
    assert uploaded.full_path == "/mnt/data/in/deep/data.csv"
    ran = tool.execute(
        "import os\n"
        "os.makedirs('/mnt/data/out/deep')\n"
        "text = open('/mnt/data/in/deep/data.csv').read()\n"
        "open('/mnt/data/out/deep/upper.csv', 'w').write(text.upper())\n"
        "text"
    )
    assert ran["result"] == "a,b\n1,2\n"
    assert files_of(tool) == {"in/deep/data.csv": 8, "out/deep/upper.csv": 8}
    assert tool.download_file(remote_file_path="in/deep/data.csv").read() == b"a,b\n1,2\n"
    assert tool.download_file(remote_file_path="out/deep/upper.csv").read() == b"A,B\n1,2\n"


@pytest.mark.parametrize(
    "name",
    [
        "two words.csv",
        "Übersicht März.csv",
        "数据.csv",
        "50% (a=b, c;d) & #1 $@^.csv",
        "dir one/Größe %41.csv",
        ".dots..txt",
    ],
)
def test_file_names_are_preserved(tool, name):
    """Upload, code, list and download agree on names with spaces, any letters and special characters."""
    assert tool.upload_file(data=io.BytesIO(b"content"), remote_file_path=name).filename == name
    assert files_of(tool) == {name: 7}
    assert tool.execute(f"open({'/mnt/data/' + name!r}).read()")["result"] == "content"
    assert tool.download_file(remote_file_path=name).read() == b"content"


def test_missing_file_is_not_found(tool):
    """The download of a missing file is a 404."""
    with pytest.raises(requests.HTTPError) as raised:
        tool.download_file(remote_file_path="nothing.txt")
    assert raised.value.response.status_code == 404


def test_invalid_token_is_rejected(tool_for, session_id):
    """A token that the pool did not issue is a 401."""
    tool = tool_for(session_id)
    tool.access_token_provider = lambda: "nonsense"
    with pytest.raises(requests.HTTPError) as raised:
        tool.execute("1")
    assert raised.value.response.status_code == 401


def test_default_credential_gets_a_token_of_the_pool(pool, use_pool_identity, session_id):
    """With only an app's identity variables set, the tool's own DefaultAzureCredential authenticates it."""
    use_pool_identity(pool)
    tool = SessionsPythonREPLTool(pool_management_endpoint=pool.endpoint, session_id=session_id)
    assert json.loads(tool.invoke("6 * 7")) == {"result": 42, "stdout": "", "stderr": ""}
    assert tool.upload_file(data=io.BytesIO(b"12"), remote_file_path="a.txt").size_in_bytes == 2


def test_endpoint_with_a_trailing_slash_is_the_same_pool(tool_for, pool, session_id):
    """Both spellings of the endpoint reach the same session."""
    tool_for(session_id).execute("kept = 'here'")
    tool = SessionsPythonREPLTool(
        pool_management_endpoint=pool.endpoint + "/", access_token_provider=lambda: pool.token, session_id=session_id
    )
    assert tool.execute("kept")["result"] == "here"


def wait_until_deleted(pool, identifier):
    """The tool deletes the session in the background."""
    deadline = time.monotonic() + 10
    while pool.has_session(identifier):
        assert time.monotonic() < deadline, f"session {identifier} still exists"
        time.sleep(0.02)


def test_delete_session_ends_the_old_session_and_begins_a_new_one(tool, tool_for, pool):
    """The old session's variables and files no longer exist, neither for the tool nor under the old ID."""
    old = tool.session_id
    tool.execute("x = 1; open('/mnt/data/x.txt', 'w').write('x')")
    assert pool.has_session(old)
    tool.delete_session()
    assert tool.session_id != old
    wait_until_deleted(pool, old)
    for session_id in (tool.session_id, old):
        again = tool_for(session_id)
        assert "NameError" in again.execute("x")["stderr"]
        assert again.list_files() == []


def test_end_of_the_with_block_ends_the_session(tool_for, pool, session_id):
    """A tool used as a context manager leaves no session behind."""
    with tool_for(session_id) as tool:
        assert tool.execute("6 * 7")["result"] == 42
        assert pool.has_session(session_id)
    wait_until_deleted(pool, session_id)


def test_each_invocation_can_have_a_session_of_its_own(tool_for, pool, session_id):
    """With delete_session_after_invocation, nothing persists from one invocation to the next."""
    tool = tool_for(session_id, delete_session_after_invocation=True)
    assert json.loads(tool.invoke("x = 41\nx + 1"))["result"] == 42
    assert "NameError" in json.loads(tool.invoke("x"))["stderr"]
    wait_until_deleted(pool, session_id)


def test_concurrent_sessions_are_isolated(tool_for, session_id):
    """Tools that run at the same time each have their own variables and files."""

    def work(number):
        tool = tool_for(f"{session_id}-{number}")
        tool.upload_file(data=io.BytesIO(b"x" * number), remote_file_path="mine.txt")
        tool.execute(f"n = {number}")
        return tool.execute("n * len(open('/mnt/data/mine.txt').read())")["result"], files_of(tool)

    with ThreadPoolExecutor(6) as threads:
        worked = list(threads.map(work, range(1, 7)))
    assert worked == [(number * number, {"mine.txt": number}) for number in range(1, 7)]


def test_concurrent_calls_to_one_session_run_one_after_the_other(tool):
    """None is lost, and none is rejected."""
    tool.execute("done = []")
    with ThreadPoolExecutor(6) as threads:
        ran = list(threads.map(lambda number: tool.execute(f"done.append({number})"), range(12)))
    assert {each["status"] for each in ran} == {"Success"}
    assert tool.execute("str(sorted(done))")["result"] == str(list(range(12)))

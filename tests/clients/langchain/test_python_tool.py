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
    """Makes a tool for one session of the pool, with a token of the pool's."""
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


def test_execute_gives_the_value_of_the_last_line_as_a_number(tool):
    """A whole number comes back as one, not as its text."""
    ran = tool.execute("6 * 7")
    assert (ran["status"], ran["result"], ran["stdout"], ran["stderr"]) == ("Success", 42, "", "")
    assert type(ran["result"]) is int
    assert type(ran["executionTimeInMilliseconds"]) is int


def test_invoke_gives_json(tool):
    """A model is given value and streams as JSON, and nothing else."""
    assert json.loads(tool.invoke("6 * 7")) == {"result": 42, "stdout": "", "stderr": ""}


def test_invoke_by_a_tool_call_keeps_the_whole_answer_beside_the_text(tool):
    """The message for the model has the JSON text, and its artifact what the pool said."""
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
    """Numbers, booleans and strings are JSON's; other values are the text that Python shows."""
    result = tool.execute(code)["result"]
    assert (type(result), result) == (type(value), value)


def test_what_is_printed_comes_back_beside_the_value(tool):
    """Both streams and the value are told apart."""
    ran = tool.execute("import sys\nprint('out', 1)\nprint('err', 2, file=sys.stderr)\n'value'")
    assert (ran["stdout"], ran["stderr"], ran["result"]) == ("out 1\n", "err 2\n", "value")


def test_code_in_a_markdown_fence_runs(tool):
    """The tool strips the fence that models like to put around code."""
    assert tool.execute("```python\n6 * 7\n```")["result"] == 42


def test_variables_live_from_call_to_call(tool, tool_for):
    """What one call defines the next one finds; another session does not."""
    tool.execute("import math\nradius = 2")
    assert tool.execute("math.floor(math.pi * radius**2)")["result"] == 12
    assert "NameError" in tool_for(tool.session_id + "-other").execute("radius")["stderr"]


def test_an_exception_is_a_failure_with_a_traceback(tool):
    """The answer has the exception in stderr and what was printed before in stdout; the session goes on."""
    ran = tool.execute("before = 5\nprint('so far')\n1 / 0")
    assert ran["status"] == "Failure"
    assert "ZeroDivisionError" in ran["stderr"] and "division by zero" in ran["stderr"]
    assert ran["stdout"] == "so far\n"
    assert tool.execute("before")["result"] == 5


def test_invoke_tells_the_model_of_an_exception(tool):
    """An exception in the code is no exception in the tool: the model reads it."""
    told = json.loads(tool.invoke("int('x')"))
    assert told["result"] is None
    assert "ValueError" in told["stderr"] and "invalid literal for int()" in told["stderr"]


def test_a_syntax_error_is_a_failure(tool):
    """Code that cannot be parsed is answered as code that failed."""
    ran = tool.execute("def (:")
    assert ran["status"] == "Failure"
    assert "SyntaxError" in ran["stderr"]


def test_a_figure_is_an_image_object(tool):
    """A figure comes back as a PNG in base64."""
    image = tool.execute(FIGURE)["result"]
    assert (image["type"], image["format"]) == ("image", "png")
    assert base64.b64decode(image["base64_data"], validate=True).startswith(b"\x89PNG\r\n\x1a\n")


def test_invoke_keeps_the_bytes_of_a_figure_from_the_model(tool):
    """The text says that there is an image; its bytes are in the artifact."""
    message = tool.invoke({"name": tool.name, "args": {"python_code": FIGURE}, "id": "1", "type": "tool_call"})
    assert json.loads(message.content)["result"] == {"type": "image", "format": "png"}
    assert base64.b64decode(message.artifact["result"]["base64_data"]).startswith(b"\x89PNG")


def test_a_file_from_memory_goes_in_through_code_and_out(tool):
    """An uploaded stream is a file for the code; what the code writes is listed and downloaded."""
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


def test_a_local_file_goes_in_under_its_own_name_and_out_to_a_path(tool, tmp_path):
    """Without a remote name the local one is taken; a download can be saved."""
    every_byte = bytes(range(256)) * 300
    (tmp_path / "blob.bin").write_bytes(every_byte)
    uploaded = tool.upload_file(local_file_path=str(tmp_path / "blob.bin"))
    assert (uploaded.filename, uploaded.size_in_bytes) == ("blob.bin", 76_800)
    saved = tmp_path / "copy.bin"
    tool.download_file(remote_file_path="blob.bin", local_file_path=str(saved))
    assert saved.read_bytes() == every_byte


def test_a_second_upload_replaces_the_file(tool):
    """A name stands for one file: the newest."""
    tool.upload_file(data=io.BytesIO(b"first, and longer"), remote_file_path="note.txt")
    tool.upload_file(data=io.BytesIO(b"second"), remote_file_path="note.txt")
    assert files_of(tool) == {"note.txt": 6}
    assert tool.download_file(remote_file_path="note.txt").read() == b"second"


def test_an_empty_file_and_an_empty_session(tool):
    """A session begins without files, and a file may have no bytes."""
    assert tool.list_files() == []
    assert tool.upload_file(data=io.BytesIO(b""), remote_file_path="empty.txt").size_in_bytes == 0
    assert files_of(tool) == {"empty.txt": 0}
    assert tool.download_file(remote_file_path="empty.txt").read() == b""


def test_files_in_folders_are_named_by_their_path(tool):
    """A folder in the remote name is made; code, list and download know the file by the same path."""
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
def test_names_come_back_as_they_were_given(tool, name):
    """Spaces, letters of all scripts and signs mean the same to upload, code, list and download."""
    assert tool.upload_file(data=io.BytesIO(b"content"), remote_file_path=name).filename == name
    assert files_of(tool) == {name: 7}
    assert tool.execute(f"open({'/mnt/data/' + name!r}).read()")["result"] == "content"
    assert tool.download_file(remote_file_path=name).read() == b"content"


def test_a_missing_file_is_not_found(tool):
    """A download of what is not there is a 404."""
    with pytest.raises(requests.HTTPError) as refusal:
        tool.download_file(remote_file_path="nothing.txt")
    assert refusal.value.response.status_code == 404


def test_a_bad_token_is_refused(tool_for, session_id):
    """A token that the pool did not issue is a 401."""
    tool = tool_for(session_id)
    tool.access_token_provider = lambda: "nonsense"
    with pytest.raises(requests.HTTPError) as refusal:
        tool.execute("1")
    assert refusal.value.response.status_code == 401


def test_the_default_credential_finds_the_pools_tokens(pool, led_by_identity, session_id):
    """With nothing but an app's identity variables, the tool is let in by its own DefaultAzureCredential."""
    led_by_identity(pool)
    tool = SessionsPythonREPLTool(pool_management_endpoint=pool.endpoint, session_id=session_id)
    assert json.loads(tool.invoke("6 * 7")) == {"result": 42, "stdout": "", "stderr": ""}
    assert tool.upload_file(data=io.BytesIO(b"12"), remote_file_path="a.txt").size_in_bytes == 2


def test_an_endpoint_with_a_slash_at_the_end_is_the_same_pool(tool_for, pool, session_id):
    """Both spellings of the endpoint reach the same session."""
    tool_for(session_id).execute("kept = 'here'")
    tool = SessionsPythonREPLTool(
        pool_management_endpoint=pool.endpoint + "/", access_token_provider=lambda: pool.token, session_id=session_id
    )
    assert tool.execute("kept")["result"] == "here"


def wait_until_gone(pool, identifier):
    """The tool deletes in the background."""
    deadline = time.monotonic() + 10
    while pool.has_session(identifier):
        assert time.monotonic() < deadline, f"session {identifier} is still there"
        time.sleep(0.02)


def test_delete_session_ends_the_old_session_and_begins_a_new_one(tool, tool_for, pool):
    """Variables and files of the old session are gone, for the tool and for whoever comes back under the old name."""
    old = tool.session_id
    tool.execute("x = 1; open('/mnt/data/x.txt', 'w').write('x')")
    assert pool.has_session(old)
    tool.delete_session()
    assert tool.session_id != old
    wait_until_gone(pool, old)
    for session_id in (tool.session_id, old):
        again = tool_for(session_id)
        assert "NameError" in again.execute("x")["stderr"]
        assert again.list_files() == []


def test_the_end_of_the_with_block_ends_the_session(tool_for, pool, session_id):
    """A tool that was opened by `with` leaves no session behind."""
    with tool_for(session_id) as tool:
        assert tool.execute("6 * 7")["result"] == 42
        assert pool.has_session(session_id)
    wait_until_gone(pool, session_id)


def test_each_invocation_can_have_a_session_of_its_own(tool_for, pool, session_id):
    """With delete_session_after_invocation nothing stays from one invocation to the next."""
    tool = tool_for(session_id, delete_session_after_invocation=True)
    assert json.loads(tool.invoke("x = 41\nx + 1"))["result"] == 42
    assert "NameError" in json.loads(tool.invoke("x"))["stderr"]
    wait_until_gone(pool, session_id)


def test_sessions_side_by_side_do_not_mix(tool_for, session_id):
    """Tools that work at the same time each find their own variables and files."""

    def work(number):
        tool = tool_for(f"{session_id}-{number}")
        tool.upload_file(data=io.BytesIO(b"x" * number), remote_file_path="mine.txt")
        tool.execute(f"n = {number}")
        return tool.execute("n * len(open('/mnt/data/mine.txt').read())")["result"], files_of(tool)

    with ThreadPoolExecutor(6) as threads:
        worked = list(threads.map(work, range(1, 7)))
    assert worked == [(number * number, {"mine.txt": number}) for number in range(1, 7)]


def test_calls_to_one_session_at_the_same_time_run_one_after_the_other(tool):
    """None is lost and none is refused."""
    tool.execute("done = []")
    with ThreadPoolExecutor(6) as threads:
        ran = list(threads.map(lambda number: tool.execute(f"done.append({number})"), range(12)))
    assert {each["status"] for each in ran} == {"Success"}
    assert tool.execute("str(sorted(done))")["result"] == str(list(range(12)))

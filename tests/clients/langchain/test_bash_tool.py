"""langchain-azure-dynamic-sessions: SessionsBashTool against a Shell pool."""

import io
import json
import time

import pytest
import requests
from langchain_azure_dynamic_sessions import SessionsBashTool


@pytest.fixture
def shell_pool(start_pool):
    return start_pool("--container-type", "Shell")


@pytest.fixture
def tool(shell_pool, session_id):
    return SessionsBashTool(
        pool_management_endpoint=shell_pool.endpoint,
        access_token_provider=lambda: shell_pool.token,
        session_id=session_id,
    )


def files_of(tool):
    return {file.filename: file.size_in_bytes for file in tool.list_files()}


def test_invoke_gives_streams_and_exit_code(tool):
    """A model is given both streams and the exit code as JSON."""
    assert json.loads(tool.invoke("echo hello")) == {"stdout": "hello\n", "stderr": "", "exitCode": 0}


def test_what_a_command_says_on_standard_error_is_told_apart(tool):
    """Standard error does not mix with standard output, and does not make a command fail."""
    told = json.loads(tool.invoke("echo out; echo err >&2"))
    assert told == {"stdout": "out\n", "stderr": "err\n", "exitCode": 0}


@pytest.mark.parametrize(("command", "code"), [("true", 0), ("false", 1), ("exit 42", 42), ("kill -9 $$", 137)])
def test_exit_codes(tool, command, code):
    """The exit code is the command's, in the way of the shell."""
    assert json.loads(tool.invoke(command))["exitCode"] == code


def test_a_command_that_is_not_there(tool):
    """The shell's own message and exit code come back."""
    told = json.loads(tool.invoke("no-such-command"))
    assert told["exitCode"] == 127
    assert "no-such-command" in told["stderr"] and "not found" in told["stderr"]


def test_execute_gives_the_whole_answer(tool, session_id):
    """The exit code is the status, as text; the streams are in the result."""
    ran = tool.execute("echo $((6 * 7)); exit 3")
    assert (ran["identifier"], ran["status"]) == (session_id, "3")
    assert (ran["result"]["stdout"], ran["result"]["stderr"]) == ("42\n", "")


def test_a_pipeline_of_several_lines_in_a_fence_runs(tool):
    """The tool strips the fence; what is left is a script for bash."""
    told = json.loads(tool.invoke("```bash\nfor n in 3 1 2; do\n  echo $n\ndone | sort | tr '\\n' ' '\n```"))
    assert (told["stdout"], told["exitCode"]) == ("1 2 3 ", 0)


def test_files_stay_and_variables_do_not(tool):
    """Each command is a shell of its own; what it wrote to disk the next one finds."""
    tool.execute("NAME=value; echo kept > /mnt/data/state.txt")
    assert tool.execute('echo "[$NAME]"; cat /mnt/data/state.txt')["result"]["stdout"] == "[]\nkept\n"


def test_a_file_from_memory_goes_in_through_a_command_and_out(tool):
    """An uploaded stream is a file for commands; what they write is listed and downloaded."""
    uploaded = tool.upload_file(data=io.BytesIO(b"b\na\nc\n"), remote_file_path="letters.txt")
    assert (uploaded.filename, uploaded.size_in_bytes, uploaded.full_path) == (
        "letters.txt",
        6,
        "/mnt/data/letters.txt",
    )
    assert tool.execute("sort /mnt/data/letters.txt | head -2 > /mnt/data/sorted.txt")["status"] == "0"
    assert files_of(tool) == {"letters.txt": 6, "sorted.txt": 4}
    assert tool.download_file(remote_file_path="sorted.txt").read() == b"a\nb\n"


def test_a_local_file_goes_in_under_its_own_name_and_out_to_a_path(tool, tmp_path):
    """Without a remote name the local one is taken; a download can be saved."""
    every_byte = bytes(range(256)) * 300
    (tmp_path / "blob.bin").write_bytes(every_byte)
    assert tool.upload_file(local_file_path=str(tmp_path / "blob.bin")).size_in_bytes == 76_800
    assert tool.execute("wc -c < /mnt/data/blob.bin")["result"]["stdout"].strip() == "76800"
    saved = tmp_path / "copy.bin"
    tool.download_file(remote_file_path="blob.bin", local_file_path=str(saved))
    assert saved.read_bytes() == every_byte


def test_a_file_in_folders_goes_in_and_out(tool):
    """A folder in the remote name is made; commands and download know the file by its path."""
    uploaded = tool.upload_file(data=io.BytesIO(b"a,b\n1,2\n"), remote_file_path="in/deep/data.csv")
    assert uploaded.size_in_bytes == 8
    assert tool.execute("cat /mnt/data/in/deep/data.csv")["result"]["stdout"] == "a,b\n1,2\n"
    assert "in" in files_of(tool)
    assert tool.download_file(remote_file_path="in/deep/data.csv").read() == b"a,b\n1,2\n"


@pytest.mark.parametrize("name", ["two words.csv", "Übersicht März.csv", "数据.csv", "50% (a=b, c;d) & #1 $@^.csv"])
def test_names_come_back_as_they_were_given(tool, name):
    """Spaces, letters of all scripts and signs mean the same to upload, commands, list and download."""
    assert tool.upload_file(data=io.BytesIO(b"content"), remote_file_path=name).filename == name
    assert files_of(tool) == {name: 7}
    assert tool.execute(f"cat '/mnt/data/{name}'")["result"]["stdout"] == "content"
    assert tool.download_file(remote_file_path=name).read() == b"content"


def test_a_missing_file_is_not_found(tool):
    """A download of what is not there is a 404."""
    with pytest.raises(requests.HTTPError) as refusal:
        tool.download_file(remote_file_path="nothing.txt")
    assert refusal.value.response.status_code == 404


def test_the_default_credential_finds_the_pools_tokens(shell_pool, led_by_identity, session_id):
    """With nothing but an app's identity variables, the tool is let in by its own DefaultAzureCredential."""
    led_by_identity(shell_pool)
    tool = SessionsBashTool(pool_management_endpoint=shell_pool.endpoint, session_id=session_id)
    assert json.loads(tool.invoke("echo hello")) == {"stdout": "hello\n", "stderr": "", "exitCode": 0}


def test_delete_session_ends_the_old_session(tool, shell_pool):
    """The files of the old session are gone, and the tool goes on with a new one."""
    old = tool.session_id
    tool.execute("echo x > /mnt/data/x.txt")
    tool.delete_session()
    deadline = time.monotonic() + 10
    while shell_pool.has_session(old):
        assert time.monotonic() < deadline, f"session {old} is still there"
        time.sleep(0.02)
    assert tool.list_files() == []
    tool.session_id = old
    assert tool.list_files() == []


def test_a_python_pool_takes_no_commands(pool, session_id):
    """The tool pointed at a pool for Python is told so, with a 400."""
    tool = SessionsBashTool(
        pool_management_endpoint=pool.endpoint, access_token_provider=lambda: pool.token, session_id=session_id
    )
    with pytest.raises(requests.HTTPError) as refusal:
        tool.execute("echo hello")
    assert refusal.value.response.status_code == 400

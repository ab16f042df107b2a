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


def test_invoke_returns_streams_and_exit_code(tool):
    """The model gets both streams and the exit code as JSON."""
    assert json.loads(tool.invoke("echo hello")) == {"stdout": "hello\n", "stderr": "", "exitCode": 0}


def test_standard_error_is_separate(tool):
    """Standard error is not mixed with standard output, and does not make a command fail."""
    response = json.loads(tool.invoke("echo out; echo err >&2"))
    assert response == {"stdout": "out\n", "stderr": "err\n", "exitCode": 0}


@pytest.mark.parametrize(("command", "code"), [("true", 0), ("false", 1), ("exit 42", 42), ("kill -9 $$", 137)])
def test_exit_codes(tool, command, code):
    """The exit code is that of the command, as the shell reports it."""
    assert json.loads(tool.invoke(command))["exitCode"] == code


def test_missing_command(tool):
    """The response has the shell's own message and exit code."""
    response = json.loads(tool.invoke("no-such-command"))
    assert response["exitCode"] == 127
    assert "no-such-command" in response["stderr"] and "not found" in response["stderr"]


def test_execute_returns_the_complete_response(tool, session_id):
    """The status is the exit code, as text; the result has the streams."""
    ran = tool.execute("echo $((6 * 7)); exit 3")
    assert (ran["identifier"], ran["status"]) == (session_id, "3")
    assert (ran["result"]["stdout"], ran["result"]["stderr"]) == ("42\n", "")


def test_multiline_pipeline_in_a_fence_runs(tool):
    """The tool strips the fence; bash runs the rest as a script."""
    response = json.loads(tool.invoke("```bash\nfor n in 3 1 2; do\n  echo $n\ndone | sort | tr '\\n' ' '\n```"))
    assert (response["stdout"], response["exitCode"]) == ("1 2 3 ", 0)


def test_files_persist_and_variables_do_not(tool):
    """Each command runs in a shell of its own; files that it wrote still exist for the next one."""
    tool.execute("NAME=value; echo kept > /mnt/data/state.txt")
    assert tool.execute('echo "[$NAME]"; cat /mnt/data/state.txt')["result"]["stdout"] == "[]\nkept\n"


def test_stream_is_uploaded_processed_and_downloaded(tool):
    """Commands read an uploaded stream as a file; the file that they write is listed and downloaded."""
    uploaded = tool.upload_file(data=io.BytesIO(b"b\na\nc\n"), remote_file_path="letters.txt")
    assert (uploaded.filename, uploaded.size_in_bytes, uploaded.full_path) == (
        "letters.txt",
        6,
        "/mnt/data/letters.txt",
    )
    assert tool.execute("sort /mnt/data/letters.txt | head -2 > /mnt/data/sorted.txt")["status"] == "0"
    assert files_of(tool) == {"letters.txt": 6, "sorted.txt": 4}
    assert tool.download_file(remote_file_path="sorted.txt").read() == b"a\nb\n"


def test_local_file_is_uploaded_under_its_own_name_and_saved_to_a_path(tool, tmp_path):
    """Without a remote name the local one is used; a download can be saved."""
    every_byte = bytes(range(256)) * 300
    (tmp_path / "blob.bin").write_bytes(every_byte)
    assert tool.upload_file(local_file_path=str(tmp_path / "blob.bin")).size_in_bytes == 76_800
    assert tool.execute("wc -c < /mnt/data/blob.bin")["result"]["stdout"].strip() == "76800"
    saved = tmp_path / "copy.bin"
    tool.download_file(remote_file_path="blob.bin", local_file_path=str(saved))
    assert saved.read_bytes() == every_byte


def test_file_in_a_folder_is_uploaded_and_downloaded(tool):
    """A folder in the remote name is created; commands and downloads use the path of the file."""
    uploaded = tool.upload_file(data=io.BytesIO(b"a,b\n1,2\n"), remote_file_path="in/deep/data.csv")
    assert uploaded.size_in_bytes == 8
    assert tool.execute("cat /mnt/data/in/deep/data.csv")["result"]["stdout"] == "a,b\n1,2\n"
    assert "in" in files_of(tool)
    assert tool.download_file(remote_file_path="in/deep/data.csv").read() == b"a,b\n1,2\n"


@pytest.mark.parametrize("name", ["two words.csv", "Übersicht März.csv", "数据.csv", "50% (a=b, c;d) & #1 $@^.csv"])
def test_file_names_are_preserved(tool, name):
    """Upload, commands, list and download agree on names with spaces, any letters and special characters."""
    assert tool.upload_file(data=io.BytesIO(b"content"), remote_file_path=name).filename == name
    assert files_of(tool) == {name: 7}
    assert tool.execute(f"cat '/mnt/data/{name}'")["result"]["stdout"] == "content"
    assert tool.download_file(remote_file_path=name).read() == b"content"


def test_missing_file_is_not_found(tool):
    """The download of a missing file is a 404."""
    with pytest.raises(requests.HTTPError) as raised:
        tool.download_file(remote_file_path="nothing.txt")
    assert raised.value.response.status_code == 404


def test_default_credential_gets_a_token_of_the_pool(shell_pool, use_pool_identity, session_id):
    """With only an app's identity variables set, the tool's own DefaultAzureCredential authenticates it."""
    use_pool_identity(shell_pool)
    tool = SessionsBashTool(pool_management_endpoint=shell_pool.endpoint, session_id=session_id)
    assert json.loads(tool.invoke("echo hello")) == {"stdout": "hello\n", "stderr": "", "exitCode": 0}


def test_delete_session_ends_the_old_session(tool, shell_pool):
    """The files of the old session are deleted, and the tool continues with a new session."""
    old = tool.session_id
    tool.execute("echo x > /mnt/data/x.txt")
    tool.delete_session()
    deadline = time.monotonic() + 10
    while shell_pool.has_session(old):
        assert time.monotonic() < deadline, f"session {old} still exists"
        time.sleep(0.02)
    assert tool.list_files() == []
    tool.session_id = old
    assert tool.list_files() == []


def test_python_pool_rejects_commands(pool, session_id):
    """A pool for Python responds to the tool with a 400."""
    tool = SessionsBashTool(
        pool_management_endpoint=pool.endpoint, access_token_provider=lambda: pool.token, session_id=session_id
    )
    with pytest.raises(requests.HTTPError) as raised:
        tool.execute("echo hello")
    assert raised.value.response.status_code == 400

"""llama-index-tools-azure-code-interpreter: AzureCodeInterpreterToolSpec against the pool.

It only authenticates with DefaultAzureCredential.
"""

import time

import pytest
import requests
from llama_index.tools.azure_code_interpreter import AzureCodeInterpreterToolSpec

FIGURE = "import matplotlib.pyplot as plt\nplt.plot([1, 4, 9])\nplt.show()"


@pytest.fixture
def spec_for(pool, use_pool_identity):
    use_pool_identity(pool)
    return lambda session_id, **options: AzureCodeInterpreterToolSpec(pool.endpoint, session_id, **options)


@pytest.fixture
def spec(spec_for, session_id):
    return spec_for(session_id)


def run(spec, code):
    return spec.code_interpreter(code)["properties"]


def files_of(spec):
    return {file.filename: file.size_in_bytes for file in spec.list_files()}


def test_value_of_the_last_line_is_a_number(spec):
    """An integer is returned as a number; the streams are empty."""
    response = run(spec, "6 * 7")
    assert (response["status"], response["result"], response["stdout"], response["stderr"]) == ("Success", 42, "", "")
    assert type(response["result"]) is int


def test_token_is_that_of_the_app_identity(spec):
    """The credential uses the token of the pool's identity endpoint, with its expiry."""
    run(spec, "1")
    left = spec.access_token.expires_on - time.time()
    assert 23 * 3600 < left <= 24 * 3600


def test_invalid_token_is_rejected(spec):
    """A token that the pool did not issue is a 401."""
    spec.access_token_provider = lambda: "nonsense"
    with pytest.raises(requests.HTTPError) as raised:
        spec.code_interpreter("1")
    assert raised.value.response.status_code == 401


def test_agent_tools_reach_the_pool(spec):
    """The tools of an agent run code and list files."""
    tools = {tool.metadata.name: tool for tool in spec.to_tool_list()}
    assert sorted(tools) == ["code_interpreter", "list_files"]
    output = tools["code_interpreter"].call(python_code="open('/mnt/data/x', 'w').write('four')")
    assert output.raw_output["properties"]["result"] == 4
    assert not output.is_error
    assert [(file.filename, file.size_in_bytes) for file in tools["list_files"].call().raw_output] == [("x", 4)]


def test_printed_text_is_returned(spec):
    """The two streams are separate."""
    response = run(spec, "import sys\nprint('out')\nprint('err', file=sys.stderr)")
    assert (response["stdout"], response["stderr"], response["result"]) == ("out\n", "err\n", "")


def test_code_in_a_markdown_fence_runs(spec):
    """The tool strips the fence that models often put around code."""
    assert run(spec, "```python\n6 * 7\n```")["result"] == 42


def test_variables_persist_from_call_to_call(spec, spec_for):
    """A variable of one call exists in the next one, but not in another session."""
    run(spec, "x = 41")
    assert run(spec, "x + 1")["result"] == 42
    assert "NameError" in run(spec_for(spec.session_id + "-other"), "x")["stderr"]


def test_exception_is_a_failure_with_a_traceback(spec):
    """stderr has the exception and stdout the text printed before; the session stays usable."""
    response = run(spec, "before = 5\nprint('so far')\n1 / 0")
    assert (response["status"], response["result"], response["stdout"]) == ("Failure", None, "so far\n")
    assert "ZeroDivisionError" in response["stderr"] and "division by zero" in response["stderr"]
    assert run(spec, "before")["result"] == 5


def test_figure_is_saved_to_disk(spec_for, session_id, tmp_path):
    """With a local folder, the PNG is saved there, and the response states this instead of its bytes."""
    spec = spec_for(session_id, local_save_path=str(tmp_path))
    image = run(spec, FIGURE)["result"]
    assert image == {"type": "image", "format": "png", "saved_to_local_path": True}
    (saved,) = tmp_path.iterdir()
    assert saved.name.startswith(session_id) and saved.suffix == ".png"
    content = saved.read_bytes()
    assert content.startswith(b"\x89PNG\r\n\x1a\n") and content.endswith(b"IEND\xaeB`\x82")


def test_figure_without_a_folder_is_reported_without_its_bytes(spec):
    """The model reads that there is an image, without its bytes."""
    assert run(spec, FIGURE)["result"] == {"type": "image", "format": "png", "base64_data": ""}


def test_file_is_uploaded_processed_and_downloaded(spec, tmp_path):
    """Code reads an uploaded file; the file that it writes is listed and downloaded."""
    (tmp_path / "numbers.csv").write_text("n\n1\n2\n3\n")
    assert spec.list_files() == []
    (uploaded,) = spec.upload_file(local_file_path=str(tmp_path / "numbers.csv"))
    assert (uploaded.filename, uploaded.size_in_bytes) == ("numbers.csv", 8)
    assert uploaded.file_full_path == "/mnt/data/numbers.csv"
    code = "import pandas as pd\n(pd.read_csv('/mnt/data/numbers.csv') * 10).to_csv('/mnt/data/tens.csv', index=False)"
    assert run(spec, code)["status"] == "Success"
    assert files_of(spec) == {"numbers.csv": 8, "tens.csv": 11}
    assert spec.download_file_to_local("tens.csv").read() == b"n\n10\n20\n30\n"
    assert spec.download_file_to_local("/mnt/data/tens.csv").read() == b"n\n10\n20\n30\n"


def test_download_can_be_saved(spec, tmp_path):
    """The saved bytes are those that were uploaded."""
    every_byte = bytes(range(256)) * 300
    (tmp_path / "blob.bin").write_bytes(every_byte)
    spec.upload_file(local_file_path=str(tmp_path / "blob.bin"))
    saved = tmp_path / "copy.bin"
    assert spec.download_file_to_local("blob.bin", str(saved)) is None
    assert saved.read_bytes() == every_byte


def test_files_that_code_writes_to_folders_are_named_by_their_path(spec):
    """The name of a file in a folder is its path, in the list and for the download."""
    run(spec, "import os\nos.makedirs('/mnt/data/out/deep')\nopen('/mnt/data/out/deep/a.csv', 'w').write('abc')")
    (file,) = spec.list_files()
    assert (file.filename, file.size_in_bytes) == ("out/deep/a.csv", 3)
    assert file.file_full_path == "/mnt/data/out/deep/a.csv"
    assert spec.download_file_to_local("out/deep/a.csv").read() == b"abc"


# Without "%", "#" and "?", which the client does not encode in URLs.
@pytest.mark.parametrize("name", ["two words.csv", "Übersicht März.csv", "数据.csv", "a=b, (c;d) & 1 $@^.csv"])
def test_file_names_are_preserved(spec, tmp_path, name):
    """Upload, code, list and download agree on names with spaces, any letters and special characters."""
    (tmp_path / name).write_bytes(b"content")
    (uploaded,) = spec.upload_file(local_file_path=str(tmp_path / name))
    assert uploaded.filename == name
    assert files_of(spec) == {name: 7}
    assert run(spec, f"open({'/mnt/data/' + name!r}).read()")["result"] == "content"
    assert spec.download_file_to_local(name).read() == b"content"


def test_missing_file_is_not_found(spec):
    """The download of a missing file is a 404."""
    with pytest.raises(requests.HTTPError) as raised:
        spec.download_file_to_local("nothing.txt")
    assert raised.value.response.status_code == 404

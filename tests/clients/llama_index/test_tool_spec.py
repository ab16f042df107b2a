"""llama-index-tools-azure-code-interpreter: AzureCodeInterpreterToolSpec against the pool.

It has no other way in than DefaultAzureCredential.
"""

import time

import pytest
import requests
from llama_index.tools.azure_code_interpreter import AzureCodeInterpreterToolSpec

FIGURE = "import matplotlib.pyplot as plt\nplt.plot([1, 4, 9])\nplt.show()"


@pytest.fixture
def spec_for(pool, led_by_identity):
    led_by_identity(pool)
    return lambda session_id, **options: AzureCodeInterpreterToolSpec(pool.endpoint, session_id, **options)


@pytest.fixture
def spec(spec_for, session_id):
    return spec_for(session_id)


def ran(spec, code):
    return spec.code_interpreter(code)["properties"]


def files_of(spec):
    return {file.filename: file.size_in_bytes for file in spec.list_files()}


def test_the_value_of_the_last_line_is_a_number(spec):
    """A whole number comes back as one, beside empty streams."""
    answer = ran(spec, "6 * 7")
    assert (answer["status"], answer["result"], answer["stdout"], answer["stderr"]) == ("Success", 42, "", "")
    assert type(answer["result"]) is int


def test_the_token_is_the_one_of_the_apps_identity(spec):
    """The credential takes the token of the pool's identity endpoint, with the time that it is good for."""
    ran(spec, "1")
    left = spec.access_token.expires_on - time.time()
    assert 23 * 3600 < left <= 24 * 3600


def test_a_bad_token_is_refused(spec):
    """A token that the pool did not issue is a 401."""
    spec.access_token_provider = lambda: "nonsense"
    with pytest.raises(requests.HTTPError) as refusal:
        spec.code_interpreter("1")
    assert refusal.value.response.status_code == 401


def test_an_agents_tools_reach_the_pool(spec):
    """The tools that an agent is given run code and list files."""
    tools = {tool.metadata.name: tool for tool in spec.to_tool_list()}
    assert sorted(tools) == ["code_interpreter", "list_files"]
    output = tools["code_interpreter"].call(python_code="open('/mnt/data/x', 'w').write('four')")
    assert output.raw_output["properties"]["result"] == 4
    assert not output.is_error
    assert [(file.filename, file.size_in_bytes) for file in tools["list_files"].call().raw_output] == [("x", 4)]


def test_what_is_printed_comes_back(spec):
    """Both streams are told apart."""
    answer = ran(spec, "import sys\nprint('out')\nprint('err', file=sys.stderr)")
    assert (answer["stdout"], answer["stderr"], answer["result"]) == ("out\n", "err\n", "")


def test_code_in_a_markdown_fence_runs(spec):
    """The tool strips the fence that models like to put around code."""
    assert ran(spec, "```python\n6 * 7\n```")["result"] == 42


def test_variables_live_from_call_to_call(spec, spec_for):
    """What one call defines the next one finds; another session does not."""
    ran(spec, "x = 41")
    assert ran(spec, "x + 1")["result"] == 42
    assert "NameError" in ran(spec_for(spec.session_id + "-other"), "x")["stderr"]


def test_an_exception_is_a_failure_with_a_traceback(spec):
    """The exception is in stderr and what was printed before in stdout; the session goes on."""
    answer = ran(spec, "before = 5\nprint('so far')\n1 / 0")
    assert (answer["status"], answer["result"], answer["stdout"]) == ("Failure", None, "so far\n")
    assert "ZeroDivisionError" in answer["stderr"] and "division by zero" in answer["stderr"]
    assert ran(spec, "before")["result"] == 5


def test_a_figure_is_saved_to_disk(spec_for, session_id, tmp_path):
    """With a folder to save to, the PNG is there and the answer says so instead of carrying it."""
    spec = spec_for(session_id, local_save_path=str(tmp_path))
    image = ran(spec, FIGURE)["result"]
    assert image == {"type": "image", "format": "png", "saved_to_local_path": True}
    (saved,) = tmp_path.iterdir()
    assert saved.name.startswith(session_id) and saved.suffix == ".png"
    content = saved.read_bytes()
    assert content.startswith(b"\x89PNG\r\n\x1a\n") and content.endswith(b"IEND\xaeB`\x82")


def test_a_figure_without_a_folder_is_told_without_its_bytes(spec):
    """The model is told that there is an image, and is spared its bytes."""
    assert ran(spec, FIGURE)["result"] == {"type": "image", "format": "png", "base64_data": ""}


def test_a_file_goes_in_through_code_and_out(spec, tmp_path):
    """An uploaded file is there for the code; what the code writes is listed and downloaded."""
    (tmp_path / "numbers.csv").write_text("n\n1\n2\n3\n")
    assert spec.list_files() == []
    (uploaded,) = spec.upload_file(local_file_path=str(tmp_path / "numbers.csv"))
    assert (uploaded.filename, uploaded.size_in_bytes) == ("numbers.csv", 8)
    assert uploaded.file_full_path == "/mnt/data/numbers.csv"
    code = "import pandas as pd\n(pd.read_csv('/mnt/data/numbers.csv') * 10).to_csv('/mnt/data/tens.csv', index=False)"
    assert ran(spec, code)["status"] == "Success"
    assert files_of(spec) == {"numbers.csv": 8, "tens.csv": 11}
    assert spec.download_file_to_local("tens.csv").read() == b"n\n10\n20\n30\n"
    assert spec.download_file_to_local("/mnt/data/tens.csv").read() == b"n\n10\n20\n30\n"


def test_a_download_can_be_saved(spec, tmp_path):
    """What is saved is what was sent, byte for byte."""
    every_byte = bytes(range(256)) * 300
    (tmp_path / "blob.bin").write_bytes(every_byte)
    spec.upload_file(local_file_path=str(tmp_path / "blob.bin"))
    saved = tmp_path / "copy.bin"
    assert spec.download_file_to_local("blob.bin", str(saved)) is None
    assert saved.read_bytes() == every_byte


def test_files_of_the_code_in_folders_are_listed_and_downloaded_by_their_path(spec):
    """A file that the code put into a folder has its path as its name."""
    ran(spec, "import os\nos.makedirs('/mnt/data/out/deep')\nopen('/mnt/data/out/deep/a.csv', 'w').write('abc')")
    (file,) = spec.list_files()
    assert (file.filename, file.size_in_bytes) == ("out/deep/a.csv", 3)
    assert file.file_full_path == "/mnt/data/out/deep/a.csv"
    assert spec.download_file_to_local("out/deep/a.csv").read() == b"abc"


# "%", "#" and "?" are missing: the client does not encode them in addresses.
@pytest.mark.parametrize("name", ["two words.csv", "Übersicht März.csv", "数据.csv", "a=b, (c;d) & 1 $@^.csv"])
def test_names_come_back_as_they_were_given(spec, tmp_path, name):
    """Spaces, letters of all scripts and signs mean the same to upload, code, list and download."""
    (tmp_path / name).write_bytes(b"content")
    (uploaded,) = spec.upload_file(local_file_path=str(tmp_path / name))
    assert uploaded.filename == name
    assert files_of(spec) == {name: 7}
    assert ran(spec, f"open({'/mnt/data/' + name!r}).read()")["result"] == "content"
    assert spec.download_file_to_local(name).read() == b"content"


def test_a_missing_file_is_not_found(spec):
    """A download of what is not there is a 404."""
    with pytest.raises(requests.HTTPError) as refusal:
        spec.download_file_to_local("nothing.txt")
    assert refusal.value.response.status_code == 404

"""Results and lists that are sent in pieces: clients see no difference."""

import json

import pytest

LONG = "'aé\\n\\'' * 300_000"


@pytest.mark.parametrize("encoding", ["identity", "gzip"])
def test_a_long_value_and_long_output(wire, encoding):
    """As if they were short."""
    answer = wire.call(
        "POST",
        "executions",
        json={"code": f"print({LONG})\n{LONG}", "outputStreamsMaxLength": 1 << 30},
        headers={"Accept-Encoding": encoding},
    )
    result = answer.json()["result"]
    assert result["executionResult"] == eval(LONG)
    assert result["stdout"] == eval(LONG) + "\n"
    assert answer.headers.get("content-encoding", "identity") == encoding


def test_long_text_that_is_no_string_stays_text(wire):
    """And with returnJupyterFormatExecutionResult, a string keeps its quotes."""
    assert wire.value("['x' * 200_000]") == str(["x" * 200_000])
    body = wire.run("'x' * 200_000", returnJupyterFormatExecutionResult=True)
    assert body["result"]["executionResult"] == repr("x" * 200_000)


def test_a_large_figure_is_one_line(wire):
    """Although Jupyter breaks base64 into lines."""
    body = wire.run("from IPython.display import display\ndisplay({'image/png': 'AAAA\\n' * 200_000}, raw=True)")
    assert body["result"]["executionResult"]["base64_data"] == "AAAA" * 200_000


def test_a_long_exception_is_complete(wire):
    """Its message, and the traceback with the message again."""
    body = wire.run("raise ValueError('x' * 300_000)", outputStreamsMaxLength=1 << 30)
    assert body["status"] == "Failed"
    assert body["result"]["stderr"].startswith("x" * 300_000 + "---")
    assert body["result"]["stderr"].endswith("ValueError: " + "x" * 300_000 + "\n\n")


def test_a_result_that_is_too_large_is_refused_and_costs_nothing(wire):
    """stderr has the reason, and what to do; variables stay."""
    body = wire.run("kept = 1\n'x' * (17 << 20)")
    assert body["status"] == "Failed"
    assert body["result"]["stderr"].startswith("The result has 17,825,794 bytes")
    assert "Write it to a file in /mnt/data" in body["result"]["stderr"]
    assert wire.value("kept") == 1


def test_a_frame_that_is_too_large_ends_its_interpreter(wire):
    """Only code that writes to the channel itself can send one."""
    body = wire.run(
        "import struct\nchannel = get_ipython().kernel.session.channel\n"
        "channel._connection.sendall(struct.pack('>I', 1 << 20) + bytes(1 << 20))\nimport time; time.sleep(60)"
    )
    assert "Kernel restarted" in body["result"]["stderr"]


@pytest.mark.parametrize("version", ["2024-02-02-preview", "2025-10-02-preview"])
def test_a_long_list_is_complete_and_in_order(wire, version):
    """Of files in folders and of a folder with many files, in each family, with its numbers."""
    wire.run(
        "import os\nos.mkdir('/mnt/data/many')\nfor n in range(4_000): open(f'/mnt/data/many/{n}', 'x').close()\n"
        "for n in range(20):\n    os.makedirs(f'/mnt/data/folder-{n}/below')\n"
        "    open(f'/mnt/data/folder-{n}/below/file', 'x').close()"
    )
    answer = wire.call("GET", "files", params={"api-version": version, "recursive": "true"})
    body = answer.json()
    many = sorted(map(str, range(4_000)))
    folders = sorted(f"folder-{n}" for n in range(20))
    if version.startswith("2025"):
        paths = [f"{file['directory']}/{file['name']}" for file in body["value"] if file["type"] == "file"]
        assert paths == [*(f"{name}/below/file" for name in folders), *(f"many/{name}" for name in many)]
        assert len(body["value"]) == 4_000 + 60 + 1
        assert json.loads(answer.text) == body and " " not in answer.text.replace("; charset", "")
    else:
        paths = [file["properties"]["filename"] for file in body["value"]]
        assert paths == [*(f"{name}/below/file" for name in folders), *(f"many/{name}" for name in many)]
        assert [body["$id"], body["value"][-1]["$id"], body["value"][-1]["properties"]["$id"]] == ["1", "8040", "8041"]

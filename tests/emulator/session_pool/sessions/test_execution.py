"""How a kernel's messages become the result of an execution."""

import time

import pytest

from emulator.session_pool.sessions import execution
from emulator.session_pool.sessions.execution import Execution, Recorder, Request, failure_text, value_of


def stream(text: object, name: object = "stdout") -> dict[str, object]:
    return {"type": "stream", "content": {"name": name, "text": text}}


def shown(kind: str, **data: object) -> dict[str, object]:
    return {"type": kind, "content": {"data": {name.replace("_", "/"): value for name, value in data.items()}}}


def recorder_of(**options: object) -> Recorder:
    return Recorder(Execution("e-1", Request({"code": ""}, **options)))


@pytest.fixture
def recorder() -> Recorder:
    return recorder_of()


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("42", 42),
        ("-42", -42),
        ("1.5", 1.5),
        ("1e-07", 1e-07),
        (str(2**200), 2**200),
        ("1" * 400, "1" * 400),
        ("True", True),
        ("False", False),
        ("None", ""),
        ("nan", None),
        ("inf", "inf"),
        ("-inf", "-inf"),
        ("1e999", "1e999"),
        ("'text'", "text"),
        ('"it\'s"', "it's"),
        (r"'a\'b\"c'", "a'b\"c"),
        (r"'a\nb\\'", "a\nb\\"),
        ("''", ""),
        ("'nan'", "nan"),
        ("'42'", "42"),
        ("[1, 2]", "[1, 2]"),
        ("b'x'", "b'x'"),
        ("np.float64(1.5)", "np.float64(1.5)"),
        ("", ""),
        ("'", "'"),
        (".", "."),
        ("1_000", "1_000"),
    ],
)
def test_values_of_ipythons_text(text, value):
    """Numbers, booleans and strings become JSON values, nan null, None nothing; other values remain text."""
    found = value_of(text)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    "text", ["'a' + 'b'", "'a' 'b'", r"'a\'", "'a\nb'", "'a', 'b'", "'%s' % 'x'", r"'\x'", r"'\N{no such name}'"]
)
def test_text_that_is_not_one_string_stays_text(text):
    """Code decides how its objects are displayed; only a single complete string literal loses its quotes."""
    assert value_of(text) == text


@pytest.mark.parametrize(
    "text",
    ["'a'" + "+'a'" * 500_000, "'a'if " + "-" * 500_000 + "1 else'b'", "'" + "(" * 500_000 + "'", "'" + "\\" * 999_999],
    ids=["sum", "minus", "brackets", "backslashes"],
)
def test_hostile_text_is_parsed_quickly(text):
    """The display text of an object could keep a parser busy for seconds, so it is not parsed."""
    started = time.thread_time()
    assert value_of(text) in (text, text[1:-1])
    assert time.thread_time() - started < 0.5


def test_streams_are_concatenated_and_truncated():
    """Each has its own limit, and the first characters are kept."""
    recorder = recorder_of(stream_characters=5)
    for text in ("abc", "def", "ghi"):
        recorder.take(stream(text))
    recorder.take(stream("warn", "stderr"))
    recorder.succeed()
    assert (recorder.execution.stdout, recorder.execution.stderr) == ("abcde", "warn")
    assert recorder.execution.status == "Succeeded"


def test_kept_output_is_limited_and_a_flood_is_detected(monkeypatch):
    """Memory is bounded even if a caller requests more; a flood stays one, regardless of the other stream."""
    monkeypatch.setattr(execution, "KEPT_STREAM_CHARACTERS", 10)
    monkeypatch.setattr(execution, "FLOOD_CHARACTERS", 20)
    recorder = recorder_of(stream_characters=100)
    recorder.take(stream("x" * 15))
    assert not recorder.flooded
    recorder.take(stream("y" * 15))
    recorder.take(stream("e", "stderr"))
    assert recorder.flooded
    recorder.fail("too much")
    assert recorder.execution.stdout == "x" * 10


def test_a_failure_keeps_what_was_written_and_has_no_value(recorder):
    """The reason follows the code's own stderr."""
    recorder.take(stream("printed"))
    recorder.take(stream("warned\n", "stderr"))
    recorder.take(shown("execute_result", text_plain="5"))
    recorder.fail("reason")
    run = recorder.execution
    assert (run.status, run.stdout, run.stderr, run.value) == ("Failed", "printed", "warned\nreason", None)


@pytest.mark.parametrize("fault", ["", "loseLastLine", "cutStreams", "refuseCommand", "restartQueued"])
@pytest.mark.parametrize(
    ("written", "lost"), [("a\nb\n", "a\n"), ("a\nb", "a\n"), ("a", ""), ("a\n", ""), ("a\n\n", "a\n"), ("", "")]
)
def test_the_last_line_is_lost_on_demand(fault, written, lost):
    """Of stdout, with or without its end; stderr and the value stay."""
    recorder = recorder_of(fault=fault)
    recorder.take(stream(written))
    recorder.take(stream("e\n", "stderr"))
    recorder.take(shown("execute_result", text_plain="5"))
    recorder.succeed()
    run = recorder.execution
    assert (run.stdout, run.stderr, run.value) == (lost if fault == "loseLastLine" else written, "e\n", 5)


def test_streams_are_cut_at_4096_bytes_on_demand():
    """Whatever was requested; the character at the border is replaced."""
    recorder = recorder_of(fault="cutStreams", stream_characters=9000)
    recorder.take(stream("x" + "é" * 3000))
    recorder.take(stream("y" * 5000, "stderr"))
    recorder.succeed()
    assert recorder.execution.stdout == "x" + "é" * 2047 + "\N{REPLACEMENT CHARACTER}"
    assert recorder.execution.stderr == "y" * 4096


def test_a_jpeg_is_the_value_if_there_is_no_png(recorder):
    """An object that offers both is a PNG."""
    recorder.take(shown("display_data", image_png="AA==", image_jpeg="BB=="))
    recorder.succeed()
    assert recorder.execution.value == {"type": "image", "format": "png", "base64_data": "AA=="}
    recorder.take(shown("display_data", image_jpeg="CC==\n"))
    recorder.succeed()
    assert recorder.execution.value == {"type": "image", "format": "jpeg", "base64_data": "CC=="}


def test_the_last_image_is_the_value(recorder):
    """An image wins over text, whichever came first, and its base64 is one line."""
    recorder.take(shown("display_data", image_png="AA==\n", text_plain="<Figure>"))
    recorder.take(shown("display_data", image_png="B\nB==\n"))
    recorder.take(shown("execute_result", text_plain="5"))
    recorder.succeed()
    assert recorder.execution.value == {"type": "image", "format": "png", "base64_data": "BB=="}


def test_displayed_data_is_not_a_value(recorder):
    """display() shows something; the value is the last expression's."""
    recorder.take(shown("display_data", text_plain="'shown'"))
    recorder.succeed()
    assert recorder.execution.value == ""


@pytest.mark.parametrize(
    "message",
    [
        {},
        {"type": "stream"},
        {"type": "stream", "content": []},
        {"type": ["stream"], "content": {}},
        stream(5),
        stream(None),
        stream("x", "stdin"),
        stream("x", None),
        {"type": "execute_result", "content": {"data": "5"}},
        {"type": "display_data", "content": {"data": {"image/png": 5}}},
        {"type": "execute_result", "content": {"data": {"text/plain": {}}}},
        {"type": "error", "content": {"ename": 5, "evalue": [], "traceback": "no list"}},
        {"type": "error", "content": {}},
        {"type": "unknown", "content": {"name": "stdout", "text": "x"}},
    ],
    ids=str,
)
def test_odd_messages_are_ignored(recorder, message):
    """Messages are written by user code: invalid ones are ignored, and the execution continues."""
    recorder.take(message)
    recorder.take(stream("ok"))
    recorder.fail("")
    assert (recorder.execution.stdout, recorder.execution.stderr) == ("ok", "")


def test_a_failure_is_the_message_and_the_traceback():
    """Nothing separates them, colors are removed, and two newlines follow."""
    reply = {"evalue": "boom", "traceback": ["\x1b[31m---\x1b[39m", "\x1b[1;32mValueError\x1b[0m: boom\n\n\n"]}
    assert failure_text(reply) == "boom---\nValueError: boom\n\n"
    assert failure_text({"evalue": "boom", "traceback": "not a list"}) == "boom\n\n"
    assert failure_text({}) == "\n\n"

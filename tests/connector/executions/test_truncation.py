"""How much of a run a response carries."""

import json
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.executions.truncation import MAX_RESPONSE_CHARACTERS, fitted, shortened
from connector.models import ABSENT, Execution, ExecutionError, File, Output, to_wire

_TEXTS = st.builds(
    lambda part, times: part * times,
    st.sampled_from(["x", "line\n", "é", "🙂", '"', "\\", "\x1b"]),
    st.sampled_from([0, 1, 3_000, 30_000]),
)
_OUTPUTS = st.builds(
    Output,
    st.sampled_from(["image/png", "text/html"]),
    st.none() | _TEXTS,
    st.none() | st.just("title") | st.just("🙂" * 200),
    st.just("output-1"),
    st.just(".outputs/execution"),
    reduced_content=st.none() | st.just("r" * 60_000),
)
_ERRORS = st.builds(
    ExecutionError,
    st.just("ValueError"),
    _TEXTS.map(lambda text: text[:10_000]),
    traceback=_TEXTS.map(lambda text: text[:20_000]),
    hint=st.none() | st.just("hint"),
)
_EXECUTIONS = st.builds(
    Execution,
    st.just("session"),
    st.just("execution"),
    st.sampled_from(["Succeeded", "Failed"]),
    result=_TEXTS,
    value=st.just(ABSENT) | _TEXTS | st.lists(st.integers() | _TEXTS, max_size=50) | st.integers(),
    stdout=_TEXTS,
    stderr=_TEXTS,
    error=st.none() | _ERRORS,
    outputs=st.lists(_OUTPUTS, max_size=4) | st.lists(_OUTPUTS, min_size=90, max_size=100),
    files=st.integers(0, 1000).map(lambda count: [File("a" * 200, "b" * 100, 1, "text/plain")] * count),
)  # fmt: skip


def size(execution: Execution) -> int:
    return len(json.dumps(to_wire(execution)))


@given(_EXECUTIONS)
@settings(max_examples=25, deadline=None)
def test_a_response_fits(execution: Execution) -> None:
    """With `auto`, for every execution. What is omitted is flagged, and nothing else is."""
    response = fitted(execution, "auto")
    assert size(response) <= MAX_RESPONSE_CHARACTERS
    before, after = to_wire(execution), to_wire(response)
    flags = set(after.pop("truncated", {}))
    changed = {name for name in before if before[name] != after.get(name)}
    assert changed - {"error", "notice"} == flags


def _run(**members: object) -> Execution:
    return replace(Execution("session", "execution", "Succeeded"), **members)  # type: ignore[arg-type]


def test_a_response_that_fits_is_unchanged() -> None:
    """Nothing is omitted."""
    run = _run(stdout="x" * 40_000, stderr="y" * 40_000, outputs=[Output("image/png", "z" * 1000)])
    assert fitted(run, "auto") is run


def test_the_largest_contents_are_omitted_first() -> None:
    """A small figure is kept although a large one does not fit. Names and text are kept."""
    run = _run(
        stdout="x" * 40_000,
        outputs=[
            Output("image/png", "s" * 10_000, "small", "a.png"),
            Output("image/png", "l" * 90_000, "large", "b.png"),
        ],
    )
    response = fitted(run, "auto")
    assert [len(output.content or "") for output in response.outputs] == [10_000, 0]
    assert (response.outputs[1].title, response.outputs[1].file_name) == ("large", "b.png")
    assert (response.stdout, response.truncated) == (run.stdout, {"outputs": True})


def test_the_first_image_comes_first() -> None:
    """Before smaller outputs, text and the value. A smaller rendering takes its place if it is too large."""
    large = Output("image/png", "l" * 200_000, "large", "a.png", ".outputs/e", reduced_content="r" * 60_000)
    small = [Output("image/png", "s" * 20_000), Output("text/html", "h" * 100)]
    run = _run(
        stdout="x" * 200_000, value=["v" * 1000] * 100, outputs=[Output("text/html", "h" * 70_000), large, *small]
    )
    response = fitted(run, "auto")
    assert [len(output.content or "") for output in response.outputs] == [0, 60_000, 0, 0]
    assert [output.is_reduced for output in response.outputs] == [None, True, None, None]
    assert len(response.stdout) > 3_000 and 0 < len(response.value) < 100
    assert response.truncated == {"outputs": True, "stdout": True, "value": True}
    assert "fileName and folder" in (response.notice or "")
    assert to_wire(response)["outputs"][1] == {
        "contentType": "image/png", "content": "r" * 60_000, "title": "large", "fileName": "a.png",
        "folder": ".outputs/e", "isReduced": True,
    }  # fmt: skip
    response = fitted(_run(outputs=[large, *small]), "auto")
    assert [len(output.content or "") for output in response.outputs] == [60_000, 20_000, 100]


def test_the_original_is_preferred_if_it_fits() -> None:
    """Other outputs are omitted instead."""
    image = Output("image/png", "i" * 80_000, reduced_content="r" * 60_000)
    response = fitted(_run(outputs=[Output("text/html", "h" * 20_000), image, Output("text/html", "t")]), "auto")
    assert [len(output.content or "") for output in response.outputs] == [0, 80_000, 1]
    assert response.outputs[1].is_reduced is None


def test_always_is_the_original_and_never_is_nothing() -> None:
    """A smaller rendering is for `auto` alone."""
    run = _run(outputs=[Output("image/png", "i" * 200_000, reduced_content="r")])
    assert to_wire(fitted(run, "always"))["outputs"] == [{"contentType": "image/png", "content": "i" * 200_000}]
    assert to_wire(fitted(run, "never"))["outputs"] == [{"contentType": "image/png"}]


def test_lists_in_the_value_are_shortened() -> None:
    """To what fits: the value itself, or those of a dictionary, such as the rows of several tables."""
    rows = [{"n": number, "text": "x" * 50} for number in range(3_000)]
    response = fitted(_run(value=rows), "auto")
    assert response.truncated == {"value": True} and response.value == rows[: len(response.value)]
    assert size(response) > 85_000
    response = fitted(_run(value={"a": rows, "b": rows[:5], "n": 1}), "auto")
    assert response.value["n"] == 1 and len(response.value["a"]) > 500 and size(response) > 80_000
    assert fitted(_run(value={"a": "x" * 100_000}), "auto").value is ABSENT


def test_the_middle_of_streams_is_omitted_next() -> None:
    """The beginning and the end are kept, with a mark that states how much is omitted."""
    run = _run(stdout="".join(f"{number:07}\n" for number in range(40_000)))
    response = fitted(run, "auto")
    assert response.truncated == {"stdout": True}
    assert response.stdout.startswith("0000000\n") and response.stdout.endswith("0039999\n")
    assert "characters omitted ...]" in response.stdout
    assert len(response.stdout) > 60_000, "much more was omitted than necessary"


def test_include_content_always_and_never() -> None:
    """`always` keeps everything; `never` omits even short contents, and keeps everything else."""
    run = _run(stdout="x" * 300_000, outputs=[Output("image/png", "s", None, "a.png")])
    assert fitted(run, "always") is run
    response = fitted(run, "never")
    assert (response.stdout, response.outputs, response.truncated) == (
        run.stdout, [Output("image/png", None, None, "a.png")], {"outputs": True},
    )  # fmt: skip
    assert fitted(_run(), "never") == _run()


@pytest.mark.parametrize("room", [4_000, 4_001, 5_000])
def test_the_omitted_characters_are_counted(room: int) -> None:
    """Exactly."""
    text = "a" * 3_000 + "b" * 3_000
    head, _, tail = shortened(text, room).partition("\n[... ")
    omitted, _, tail = tail.partition(" characters omitted ...]\n")
    assert len(head) + int(omitted.replace(",", "")) + len(tail) == len(text)


def test_a_short_text_is_complete() -> None:
    """Nothing needs to be omitted."""
    assert shortened("x" * 10, 10) == "x" * 10


def test_the_omitted_characters_of_both_times_are_counted() -> None:
    """A text that was truncated in the session has a mark already. One that code has printed is not counted."""
    mark = "\n[... 1,234,567 characters omitted ...]\n"
    text = "a" * 50_000 + mark + "b" * 50_000
    for room in (30_000, 99_999):
        short = shortened(text, room, is_truncated=True)
        head, _, tail = short.partition("\n[... ")
        omitted, _, tail = tail.partition(" characters omitted ...]\n")
        assert len(head) + int(omitted.replace(",", "")) + len(tail) == 100_000 + 1_234_567
    assert f"[... {70_000 + len(mark):,} characters omitted ...]" in shortened(text, 30_000)
    run = _run(stdout="x" * 50_000 + mark + "y" * 80_000, truncated={"stdout": True})
    stdout = fitted(run, "auto").stdout
    assert stdout.count("omitted") == 1 and int(stdout.split("[... ")[1].split()[0].replace(",", "")) > 1_234_567

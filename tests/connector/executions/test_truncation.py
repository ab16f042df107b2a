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
    Output, st.just("image/png"), st.none() | _TEXTS, st.none() | st.just("title"), st.just("output-1")
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
    value=st.just(ABSENT) | _TEXTS | st.lists(st.integers(), max_size=50) | st.integers(),
    stdout=_TEXTS,
    stderr=_TEXTS,
    error=st.none() | _ERRORS,
    outputs=st.lists(_OUTPUTS, max_size=4),
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
    assert changed - {"error"} == flags


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

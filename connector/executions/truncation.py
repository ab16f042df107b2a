"""Limits how much of a run one response carries. What is omitted is flagged, and remains in the session."""

import dataclasses
import json

from ..models import ABSENT, Execution, ExecutionError, Output, to_wire

MAX_RESPONSE_CHARACTERS = 90_000
"""Of JSON. Hosts of agents accept 100,000, and a model's context window less than a workflow."""

_SMALLEST_STREAM = 4_000
_FLAGS_CHARACTERS = 100


def fitted(execution: Execution, include_content: str) -> Execution:
    """`always` keeps everything, `never` omits the contents of outputs, `auto` omits what exceeds the limit.

    It omits first the contents of outputs, the largest first; then the middle of stdout and stderr; then the value, and
    the middle of the result and of the error's texts; then files from the end of their list.
    """
    if include_content == "always":
        return execution
    if include_content == "never":
        return _without_contents(execution, 0)
    excess = _excess(execution)
    if excess <= 0:
        return execution
    execution = _without_contents(execution, excess)
    for name in ("stdout", "stderr"):
        execution = _shorter(execution, name, _SMALLEST_STREAM)
    if _excess(execution) > 0 and execution.value is not ABSENT and not isinstance(execution.value, (int, float)):
        execution = _flagged(execution, "value", value=ABSENT)
    execution = _shorter(execution, "result", _SMALLEST_STREAM)
    if _excess(execution) > 0 and execution.error is not None:
        execution = dataclasses.replace(execution, error=_shorter_error(execution.error))
    while _excess(execution) > 0 and execution.files:
        execution = _flagged(execution, "files", files=execution.files[: len(execution.files) // 2])
    return execution


def _shorter(execution: Execution, name: str, smallest: int) -> Execution:
    """Shortens the text by no more than the response is too long."""
    excess, text = _excess(execution), str(getattr(execution, name))
    length = _json_length(text)
    if excess <= 0 or length <= smallest:
        return execution
    return _flagged(execution, name, **{name: _truncated(text, max(smallest, length - excess - _FLAGS_CHARACTERS))})


def _shorter_error(error: ExecutionError) -> ExecutionError:
    message, traceback = _truncated(error.message, _SMALLEST_STREAM), error.traceback
    return dataclasses.replace(
        error, message=message, traceback=None if traceback is None else _truncated(traceback, _SMALLEST_STREAM)
    )


def _truncated(text: str, longest: int) -> str:
    """The text without its middle, if it has more than `longest` characters in JSON, where one may become twelve."""
    truncated, room = text, len(text)
    while _json_length(truncated) > longest and room > 1:
        room = min(room * longest // _json_length(truncated), room - 1)
        truncated = shortened(text, max(2, room - 60))  # the mark takes room too
    return truncated


def _excess(execution: Execution) -> int:
    return _json_length(to_wire(execution)) - MAX_RESPONSE_CHARACTERS


def _json_length(value: object) -> int:
    return len(json.dumps(value))


def shortened(text: str, room: int) -> str:
    """The first and the last part, with a mark between them that states how much is omitted."""
    if len(text) <= room:
        return text
    half = room // 2
    return f"{text[:half]}\n[... {len(text) - 2 * half:,} characters omitted ...]\n{text[-half:]}"


def _without_contents(execution: Execution, excess: int) -> Execution:
    """Omits the contents of the largest outputs until `excess` characters are saved. With 0, omits all."""
    kept: list[Output] = list(execution.outputs)
    saved = 0
    for number in sorted(range(len(kept)), key=lambda number: -len(kept[number].content or "")):
        if kept[number].content is None or (excess and saved >= excess):
            continue
        saved += len(json.dumps(kept[number].content))
        kept[number] = dataclasses.replace(kept[number], content=None)
    return _flagged(execution, "outputs", outputs=kept) if saved else execution


def _flagged(execution: Execution, name: str, **members: object) -> Execution:
    flags = {**(execution.truncated or {}), name: True}
    return dataclasses.replace(execution, **members, truncated=flags)  # type: ignore[arg-type]

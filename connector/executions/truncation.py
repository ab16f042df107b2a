"""How much of a run one answer carries. What is left out is flagged, and stays in the session."""

import dataclasses
import json

from ..models import ABSENT, Execution, ExecutionError, Output, to_wire

LONGEST_ANSWER = 90_000
"""Characters of JSON. Agents' hosts take 100,000; a model's window is smaller than what a workflow takes."""

_SMALLEST_STREAM = 4_000
_FLAGS_CHARACTERS = 100


def fitted(execution: Execution, include_content: str) -> Execution:
    """`always` has all contents, `never` those of no output; `auto` as much as fits into LONGEST_ANSWER.

    First the contents of outputs go, the largest first; then the middle of stdout and stderr; then the value, and the
    middle of the result and of the error's texts; then files from the end of their list.
    """
    if include_content == "always":
        return execution
    if include_content == "never":
        return _without_contents(execution, 0)
    over = _over(execution)
    if over <= 0:
        return execution
    execution = _without_contents(execution, over)
    for name in ("stdout", "stderr"):
        execution = _shorter(execution, name, _SMALLEST_STREAM)
    if _over(execution) > 0 and execution.value is not ABSENT and not isinstance(execution.value, (int, float)):
        execution = _flagged(execution, "value", value=ABSENT)
    execution = _shorter(execution, "result", _SMALLEST_STREAM)
    if _over(execution) > 0 and execution.error is not None:
        execution = dataclasses.replace(execution, error=_shorter_error(execution.error))
    while _over(execution) > 0 and execution.files:
        execution = _flagged(execution, "files", files=execution.files[: len(execution.files) // 2])
    return execution


def _shorter(execution: Execution, name: str, smallest: int) -> Execution:
    """By as much as the answer is too long, and no more."""
    over, text = _over(execution), str(getattr(execution, name))
    written = _written(text)
    if over <= 0 or written <= smallest:
        return execution
    return _flagged(execution, name, **{name: _cut(text, max(smallest, written - over - _FLAGS_CHARACTERS))})


def _shorter_error(error: ExecutionError) -> ExecutionError:
    message, traceback = _cut(error.message, _SMALLEST_STREAM), error.traceback
    return dataclasses.replace(
        error, message=message, traceback=None if traceback is None else _cut(traceback, _SMALLEST_STREAM)
    )


def _cut(text: str, longest: int) -> str:
    """Without its middle where JSON would write more than `longest` characters for it; for some it writes twelve."""
    cut, room = text, len(text)
    while _written(cut) > longest and room > 1:
        room = min(room * longest // _written(cut), room - 1)
        cut = shortened(text, max(2, room - 60))  # the mark has its characters too
    return cut


def _over(execution: Execution) -> int:
    return _written(to_wire(execution)) - LONGEST_ANSWER


def _written(value: object) -> int:
    return len(json.dumps(value))


def shortened(text: str, room: int) -> str:
    """The first and the last part, with how much is missing between them."""
    if len(text) <= room:
        return text
    half = room // 2
    return f"{text[:half]}\n[... {len(text) - 2 * half:,} characters are missing here ...]\n{text[-half:]}"


def _without_contents(execution: Execution, over: int) -> Execution:
    """Without those of the largest outputs, until `over` characters are saved; all with 0."""
    kept: list[Output] = list(execution.outputs)
    saved = 0
    for number in sorted(range(len(kept)), key=lambda number: -len(kept[number].content or "")):
        if kept[number].content is None or (over and saved >= over):
            continue
        saved += len(json.dumps(kept[number].content))
        kept[number] = dataclasses.replace(kept[number], content=None)
    return _flagged(execution, "outputs", outputs=kept) if saved else execution


def _flagged(execution: Execution, name: str, **members: object) -> Execution:
    flags = {**(execution.truncated or {}), name: True}
    return dataclasses.replace(execution, **members, truncated=flags)  # type: ignore[arg-type]

"""How much of a run one answer carries. What is left out is flagged, and stays in the session."""

import dataclasses
import json

from ..shapes import ABSENT, Execution, Output, to_wire

LONGEST_ANSWER = 90_000
"""Characters of JSON. Agents' hosts take 100,000; a model's window is smaller than what a workflow takes."""

_SMALLEST_TEXT = 4_000


def fitted(execution: Execution, include_content: str) -> Execution:
    """`always` has all contents, `never` those of no output; `auto` as much as fits into LONGEST_ANSWER.

    First the contents of outputs go, the largest first; then the middle of stdout and stderr; then the value, and the
    middle of the result and of the error's texts.
    """
    if include_content == "always":
        return execution
    if include_content == "never":
        return _without_contents(execution, 0)
    over = _size(execution) - LONGEST_ANSWER
    if over <= 0:
        return execution
    execution = _without_contents(execution, over)
    for name in ("stdout", "stderr"):
        execution = _with_short(execution, name)
    if _size(execution) > LONGEST_ANSWER and not isinstance(execution.value, (int, float)):
        execution = _flagged(execution, "value", value=ABSENT)
    execution = _with_short(execution, "result")
    if _size(execution) > LONGEST_ANSWER and len(execution.files) > 100:
        execution = _flagged(execution, "files", files=execution.files[:100])
    return execution


def _with_short(execution: Execution, name: str) -> Execution:
    """With as much of the text as fits, and never less than _SMALLEST_TEXT."""
    over = _size(execution) - LONGEST_ANSWER
    text: str = getattr(execution, name)
    if over <= 0 or len(text) <= _SMALLEST_TEXT:
        return execution
    room = max(_SMALLEST_TEXT, len(text) - over - 200)
    while room > _SMALLEST_TEXT and len(json.dumps(shortened(text, room))) > len(json.dumps(text)) - over:
        room = max(_SMALLEST_TEXT, room * 3 // 4)  # characters that JSON writes with six
    return _flagged(execution, name, **{name: shortened(text, room)})


def shortened(text: str, room: int) -> str:
    """The first and the last part, with how much is missing between them."""
    if len(text) <= room:
        return text
    half = room // 2
    return f"{text[:half]}\n[... {len(text) - 2 * half:,} characters are missing here ...]\n{text[-half:]}"


def _size(execution: Execution) -> int:
    return len(json.dumps(to_wire(execution)))


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

"""Limits how much of a run one response carries. What is omitted is flagged, and remains in the session."""

import dataclasses
import json
import re
from typing import Any

from ..in_session.payload.streams import omission
from ..in_session.protocol import MAX_IMAGE_CHARACTERS
from ..models import ABSENT, Execution, ExecutionError, Output, to_wire
from .notices import with_notice
from .outcomes import CONTENTS_OMITTED

MAX_RESPONSE_CHARACTERS = 90_000
"""Of JSON. Hosts of agents accept 100,000, and a model's context window less than a workflow."""

_SMALLEST_STREAM = 4_000
_FLAGS_CHARACTERS = 100
_OMISSION = re.compile(re.escape(omission(0)).replace("0", "([0-9,]+)"))


def fitted(execution: Execution, include_content: str) -> Execution:
    """`always` keeps everything, `never` omits the contents of outputs, `auto` omits what exceeds the limit.

    It omits first the contents of outputs, the largest first; then the middle of stdout and stderr; then the end of the
    value's lists, and the middle of the result and of the error's texts; then files and outputs from the end of their
    lists. The first image comes before all of these. If it is too large, a smaller rendering takes its place.
    """
    if include_content == "always":
        return execution
    if include_content == "never":
        return _with_outputs(execution, [_without_content(output) for output in execution.outputs])
    if _excess(execution) <= 0:
        return execution
    execution = _with_contents_that_fit(execution)
    for name in ("stdout", "stderr"):
        execution = _shorter(execution, name, _SMALLEST_STREAM)
    execution = _with_shorter_value(execution)
    execution = _shorter(execution, "result", _SMALLEST_STREAM)
    if _excess(execution) > 0 and execution.error is not None:
        execution = dataclasses.replace(execution, error=_shorter_error(execution.error))
    while _excess(execution) > 0 and execution.files:
        execution = _flagged(execution, "files", files=execution.files[: len(execution.files) // 2])
    while _excess(execution) > 0 and execution.outputs:
        execution = _flagged(execution, "outputs", outputs=execution.outputs[: len(execution.outputs) // 2])
    return execution


def _with_contents_that_fit(execution: Execution) -> Execution:
    """With the content of the first image, and then as many others as fit, the smallest first."""
    outputs = [_without_content(output) for output in execution.outputs]
    noticed = with_notice(_with_outputs(execution, outputs), CONTENTS_OMITTED)
    room = -_excess(noticed)
    sizes = [_json_length(output.content) for output in execution.outputs]
    images = [number for number, output in enumerate(execution.outputs) if _is_image(output)]
    for number in images[:1]:
        output = execution.outputs[number]
        if sizes[number] > room and output.reduced_content:
            reduced = dataclasses.replace(output, content=output.reduced_content, is_reduced=True)
            outputs[number], sizes[number] = reduced, _json_length(reduced.content)
            room -= sizes[number]
        elif sizes[number] <= max(room, MAX_IMAGE_CHARACTERS + _FLAGS_CHARACTERS):
            outputs[number] = output
            room -= sizes[number]
    for number in sorted(range(len(outputs)), key=lambda number: sizes[number]):
        if outputs[number].content is None and sizes[number] + _FLAGS_CHARACTERS <= room:
            outputs[number] = execution.outputs[number]
            room -= sizes[number]
    fitting = _with_outputs(execution, outputs)
    return fitting if fitting is execution else with_notice(fitting, CONTENTS_OMITTED)


def _is_image(output: Output) -> bool:
    is_image = output.content_type.startswith("image/") and output.content_type != "image/svg+xml"
    return is_image and (output.content or output.reduced_content) is not None


def _without_content(output: Output) -> Output:
    return dataclasses.replace(output, content=None)


def _with_outputs(execution: Execution, outputs: list[Output]) -> Execution:
    """With these in place of the complete outputs."""
    if all(output.content == complete.content for output, complete in zip(outputs, execution.outputs, strict=True)):
        return execution
    return _flagged(execution, "outputs", outputs=outputs)


def _with_shorter_value(execution: Execution) -> Execution:
    excess, value = _excess(execution), execution.value
    if excess <= 0 or value is ABSENT or isinstance(value, (int, float)):
        return execution
    return _flagged(execution, "value", value=_shorter_value(value, _json_length(value) - excess - _FLAGS_CHARACTERS))


def _shorter_value(value: Any, room: int) -> Any:
    """A value whose lists are shorter, so that its JSON has at most `room` characters. ABSENT if that is not enough."""
    length = _json_length(value)
    if length <= room:
        return value
    if isinstance(value, dict):
        lists = {name: _json_length(inner) for name, inner in value.items() if isinstance(inner, list)}
        total = sum(lists.values())
        left = room - (length - total) - 2 * len(lists)
        if left > 0:
            return {
                name: _shorter_list(inner, 2 + left * lists[name] // total) if name in lists else inner
                for name, inner in value.items()
            }
    if isinstance(value, list):
        return _shorter_list(value, room) or ABSENT
    return ABSENT


def _shorter_list(items: list[Any], room: int) -> list[Any]:
    for number, item in enumerate(items):
        room -= _json_length(item) + 2
        if room < 0:
            return items[:number]
    return items


def _shorter(execution: Execution, name: str, smallest: int) -> Execution:
    """Shortens the text by no more than the response is too long."""
    excess, text = _excess(execution), str(getattr(execution, name))
    length = _json_length(text)
    if excess <= 0 or length <= smallest:
        return execution
    is_truncated = name in (execution.truncated or {})
    text = truncated(text, max(smallest, length - excess - _FLAGS_CHARACTERS), is_truncated=is_truncated)
    return _flagged(execution, name, **{name: text})


def _shorter_error(error: ExecutionError) -> ExecutionError:
    message, traceback = truncated(error.message, _SMALLEST_STREAM), error.traceback
    return dataclasses.replace(
        error, message=message, traceback=None if traceback is None else truncated(traceback, _SMALLEST_STREAM)
    )


def truncated(text: str, longest: int, *, is_truncated: bool = False) -> str:
    """The text without its middle, if it has more than `longest` characters in JSON, where one may become twelve."""
    shorter, room = text, len(text)
    while _json_length(shorter) > longest and room > 1:
        room = min(room * longest // _json_length(shorter), room - 1)
        shorter = shortened(text, max(2, room - 60), is_truncated=is_truncated)  # the mark takes room too
    return shorter


def _excess(execution: Execution) -> int:
    return _json_length(to_wire(execution)) - MAX_RESPONSE_CHARACTERS


def _json_length(value: object) -> int:
    return len(json.dumps(value))


def shortened(text: str, room: int, *, is_truncated: bool = False) -> str:
    """The first and the last part, with a mark between them that states how much is omitted. If the text
    `is_truncated`, it has such a mark already, and what that one counts is counted too.
    """
    if len(text) <= room:
        return text
    start, end, omitted = room // 2, len(text) - room // 2, 0
    for mark in _OMISSION.finditer(text) if is_truncated else ():
        if start < mark.end() and mark.start() < end:
            start, end = min(start, mark.start()), max(end, mark.end())
            omitted += int(mark[1].replace(",", "")) - len(mark[0])
    return text[:start] + omission(end - start + omitted) + text[end:]


def _flagged(execution: Execution, name: str, **members: object) -> Execution:
    flags = {**(execution.truncated or {}), name: True}
    return dataclasses.replace(execution, **members, truncated=flags)  # type: ignore[arg-type]

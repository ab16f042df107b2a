"""Results of operations as the content of tools: text first, then images, within what hosts of agents accept.

Without `structuredContent`, and links only where there is no image: Agent Framework for .NET gives models the complete
result as JSON, with images as base64, if it has anything but text and images. So errors have no images either.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass

from ..errors import ConnectorError
from ..models import Execution, FilePath, Output
from ..text import well_formed
from .execution_text import sections
from .fitting import Section, fitted_text, json_characters
from .images import image_block_of_base64
from .protocol import Json
from .resources import resource_link, resource_uri
from .wording import for_models

MOST_CHARACTERS = 95_000
"""Of the content in JSON. Hosts accept 100,000 for a complete message."""

_TEXT_CHARACTERS = 40_000
"""About 12,000 tokens. Claude Code refuses results of more than 25,000, and numbers take more tokens than words."""

_TEXT_CHARACTERS_BESIDE_IMAGES = 30_000
"""The rest is for images: the first one takes up to 60,000 in its reduced form."""

_MOST_IMAGES = 20
"""The first ones, as many as the text names: a model could not tell which chart another one is."""

_MOST_LINKS = 20
_LINKS_CHARACTERS = 20_000

_NOT_SHOWN = "not shown here, GetFile shows it"
_REDUCED = "smaller here"
_UNREADABLE = "not an image that can be shown"


def text_result(text: str, *blocks: Json) -> Json:
    """With other blocks after the text."""
    return {"content": [text_block(text), *blocks]}


def sections_result(parts: Iterable[Section], *blocks: Json) -> Json:
    """With other blocks after the text."""
    return text_result(fitted_text(list(parts), _TEXT_CHARACTERS), *blocks)


def failure_result(failure: ConnectorError) -> Json:
    """Of an operation that was refused, or failed."""
    parts = [Section("", f"{failure.code}: {for_models(failure.message)}")]
    if failure.details:
        parts.append(Section("Details:", "\n".join(f"- {for_models(detail.message)}" for detail in failure.details)))
    if failure.retry_after_seconds is not None:
        parts.append(Section(f"Retry-After: {failure.retry_after_seconds} seconds"))
    return {**sections_result(parts), "isError": True}


@dataclass(frozen=True)
class _Image:
    """Of an output: a block in full size, and a smaller rendering if there is one."""

    number: int
    block: Json | None
    reduced: Json | None


def execution_result(execution: Execution) -> Json:
    """A run that failed, or may have, is an error. Its images, and those of a run in progress, are only named."""
    is_error = execution.status in ("Failed", "Unknown")
    candidates = [] if is_error or execution.status == "Running" else _images(execution.outputs)
    most = _TEXT_CHARACTERS_BESIDE_IMAGES if candidates else _TEXT_CHARACTERS
    unnoted = {candidate.number: _NOT_SHOWN for candidate in candidates}  # the longest text
    text = fitted_text(sections(execution, unnoted), most)
    blocks, notes = _fitting_images(candidates, MOST_CHARACTERS - json_characters(text))
    if notes != unnoted:
        text = fitted_text(sections(execution, notes), most)
    if is_error:
        return {**text_result(text), "isError": True}
    return text_result(text, *(blocks if blocks or execution.status == "Running" else _links(execution)))


def _images(outputs: list[Output]) -> list[_Image]:
    return [
        _Image(number, _block(output.content), _block(output.reduced_content))
        for number, output in enumerate(outputs)
        if output.content_type.startswith("image/")
        and output.content_type != "image/svg+xml"
        and (output.content or output.reduced_content)
    ]


def _block(content: str | None) -> Json | None:
    return image_block_of_base64(content) if content else None


def _fitting_images(images: list[_Image], room: int) -> tuple[list[Json], dict[int, str]]:
    """The first image, if necessary in its smaller form, and then as many as fit of the next ones, the smallest first.
    In the order of the outputs, with notes about those that are missing or smaller.
    """
    chosen: dict[int, Json] = {}
    readable = [image for image in images if image.block or image.reduced]
    notes = {image.number: _NOT_SHOWN if image in readable else _UNREADABLE for image in images}
    for image in [*readable[:1], *sorted(readable[1:_MOST_IMAGES], key=_characters)]:
        for block in (image.block, image.reduced):
            if block is not None and _block_characters(block) <= room:
                room -= _block_characters(block)
                chosen[image.number] = block
                del notes[image.number]
                if block is not image.block:
                    notes[image.number] = _REDUCED
                break
    return [chosen[number] for number in sorted(chosen)], notes


def _characters(image: _Image) -> int:
    return _block_characters(image.block or image.reduced or {})


def _links(execution: Execution) -> list[Json]:
    """To the files that a run has written, for hosts that show links to people. The text names more files."""
    links, room = [], _LINKS_CHARACTERS
    for file in execution.files[:_MOST_LINKS]:
        uri = resource_uri(execution.session_id, FilePath(file.folder, file.file_name))
        link = resource_link(uri, file.file_name, file.content_type, file.size)
        room -= _block_characters(link)
        if room < 0:
            break
        links.append(link)
    return links


def _block_characters(block: Json) -> int:
    """In JSON, with the separator before it."""
    return len(json.dumps(block)) + 2


def text_block(text: str) -> Json:
    return {"type": "text", "text": well_formed(text)}

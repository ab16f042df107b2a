"""Sections of text that together have no more than a number of characters in JSON."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from ..executions.truncation import truncated
from ..text import well_formed

_SEPARATOR = "\n\n"
_SMALLEST = 400


@dataclass(frozen=True)
class Section:
    """`heading` is kept, and ends in a colon if there is a body; the middle of `body` may be omitted, with a mark that
    states how much. If the body `is_truncated`, it has such a mark already.
    """

    heading: str
    body: str = ""
    is_truncated: bool = False

    @property
    def text(self) -> str:
        return "\n".join(filter(None, (self.heading, self.body)))


def json_characters(text: str) -> int:
    """Of the text in JSON, where one character may become twelve."""
    return len(json.dumps(text)) - 2


def fitted_text(sections: Sequence[Section], most_characters: int) -> str:
    """All sections, where the longest bodies are truncated to the same length so that everything fits."""
    shown = [
        Section(well_formed(section.heading), well_formed(section.body).strip("\n"), section.is_truncated)
        for section in sections
    ]
    lengths = [json_characters(section.body) for section in shown]
    fixed = sum(json_characters(section.heading + _SEPARATOR + "\n") for section in shown)
    longest = _level(lengths, most_characters - fixed)
    return _SEPARATOR.join(
        section.text
        if length <= longest
        else Section(section.heading, truncated(section.body, longest, is_truncated=section.is_truncated)).text
        for section, length in zip(shown, lengths, strict=True)
    )


def _level(lengths: Sequence[int], room: int) -> int:
    """The length to which the longer ones are reduced, so that their sum is at most `room`."""
    left = room
    for number, length in enumerate(sorted(lengths)):
        share = left // (len(lengths) - number)
        if length > share:
            return max(share, _SMALLEST)
        left -= length
    return max(lengths, default=0)

"""Notices for runs that succeeded but not as intended, from what they wrote: fonts, programs, packages, the network."""

import re

from . import commands
from .failure import Facts, Failure, Link
from .network import NO_NETWORK, UNREACHABLE

_GLYPH = re.compile(r"Glyph \d+ \(.{0,200}?\) missing from (?:font\(s\) (?P<fonts>[^\n.]*)|current font)")
_NOT_FOUND_BY_PIP = re.compile(r"No matching distribution found for (?P<package>[\w.-]+)")
_READ_CHARACTERS = 50_000
"""Of each end of a stream."""


def remarks_on(text: str, facts: Facts, *, has_failed: bool) -> list[str]:
    """`text` is what the run wrote, to both streams. A run that failed has a hint for the rest."""
    if len(text) > 2 * _READ_CHARACTERS:
        text = text[:_READ_CHARACTERS] + text[-_READ_CHARACTERS:]
    found = [_fonts(text, Link("", "", facts))]
    if not has_failed:
        failure = Failure([Link("", "", facts)])
        found += [_packages(text, failure) or _system(text) or _network(text), _programs(text, failure)]
    return [remark for remark in found if remark]


def _fonts(text: str, link: Link) -> str | None:
    missing = _GLYPH.search(text)
    if missing is None:
        return None
    fonts = link.texts("fonts")
    which = missing["fonts"] or "the current font"
    if fonts:
        return (
            f"Some characters are missing from {which} and are drawn as boxes. A font that has them: "
            f"plt.rcParams['font.family'] = {fonts[0]!r}."
        )
    if "fonts" in link.facts:
        return (
            f"Some characters are missing from {which} and are drawn as boxes, and no installed font has all of them. "
            "Upload a font file and add it with matplotlib.font_manager.fontManager.addfont, or use other characters."
        )
    return f"Some characters are missing from {which} and are drawn as boxes. Use a font that has them."


def _packages(text: str, failure: Failure) -> str | None:
    packages = list(dict.fromkeys(_NOT_FOUND_BY_PIP.findall(text)))
    if packages or "externally-managed-environment" in text:
        return commands.not_installable(packages, failure.modules)
    return None


def _system(text: str) -> str | None:
    is_refused = "dpkg frontend lock" in text or "are you root?" in text
    return (
        "Programs cannot be installed in sessions. CheckConnection lists the Python packages." if is_refused else None
    )


def _network(text: str) -> str | None:
    return f"The run tried to reach the network: {NO_NETWORK}" if UNREACHABLE.search(text) else None


def _programs(text: str, failure: Failure) -> str | None:
    missing = commands.NOT_FOUND.search(text)
    return commands.missing_program(missing["program"], failure) if missing else None

"""The architecture of the page: which of its modules may import which. Types, which are comments, do not count."""

import posixpath
import re
from graphlib import CycleError, TopologicalSorter

import pytest

from tests.connector.playground.conftest import SOURCES

STATE_ROOMS = ("state/connection", "state/files", "state/sessions", "state/runs")
VIEW_ROOMS = ("views/code", "views/connection", "views/files", "views/results", "views/sessions")
READS = {"addresses", "api", "content", "format", "libraries"}
KNOWS = {"state", *STATE_ROOMS}
SHOWS = READS - {"api"} | KNOWS | {"views/controls"}

LAYERS = {
    # The top: starts the page.
    "main": {"libraries", *KNOWS, "views", "views/controls"},
    "signed_in": {"libraries"},
    # The state, rendered. A region of the page has a room.
    "views": SHOWS | set(VIEW_ROOMS),
    "views/results": SHOWS | {"views/code"},
    "views/code": SHOWS | {"snippets"},
    "views/connection": SHOWS,
    "views/files": SHOWS,
    "views/sessions": SHOWS,
    "views/controls": SHOWS - {"views/controls", *STATE_ROOMS},
    # What the page knows, and what changes it.
    "state/runs": READS | {"state", "state/files", "samples"},
    "state/sessions": READS | {"state", "state/files"},
    "state/files": READS | {"state"},
    "state/connection": READS | {"state"},
    "state": READS,
    # What knows nothing of the state.
    "snippets": {"api"},
    "content": {"api", "format", "libraries"},
    "api": set(),
    "samples": set(),
    "theme": set(),
    "addresses": set(),
    "format": set(),
    "libraries": set(),
}
"""The parts of the page: folders, and modules beside them, from top to bottom; and which parts each may import."""

COMMENT = re.compile(r"/\*.*?\*/|^\s*//.*?$", re.DOTALL | re.MULTILINE)
IMPORT = re.compile(r"""(?:\bfrom|^import|\bimport\()\s*["'`](\.[^"'`$]+)""", re.MULTILINE)

IMPORTS = {
    module: {
        posixpath.normpath(posixpath.join(posixpath.dirname(module), target))
        for target in IMPORT.findall(COMMENT.sub("", (SOURCES / module).read_text(encoding="utf-8")))
    }
    for module in sorted(path.relative_to(SOURCES).as_posix() for path in SOURCES.rglob("*.js"))
}
"""What each module imports, at once or later."""


def part_of(module: str) -> str:
    return posixpath.dirname(module) or module.removesuffix(".js")


def test_every_part_has_a_layer() -> None:
    """A new part has to be added to LAYERS."""
    assert {part_of(module) for module in IMPORTS} == LAYERS.keys()


@pytest.mark.parametrize("part", LAYERS)
def test_a_part_imports_only_the_layers_below(part: str) -> None:
    """As LAYERS has them."""
    for module in (module for module in IMPORTS if part_of(module) == part):
        assert {part_of(target) for target in IMPORTS[module]} - {part} <= LAYERS[part], module


def test_layers_are_in_order() -> None:
    """No part may import one above it."""
    parts = list(LAYERS)
    for part, below in LAYERS.items():
        assert all(parts.index(other) > parts.index(part) for other in below), part


def test_no_module_imports_itself() -> None:
    """Also not by way of others, in its own part."""
    try:
        TopologicalSorter(IMPORTS).prepare()
    except CycleError as cycle:
        pytest.fail(" <- ".join(cycle.args[1]))


def test_snippets_are_pure() -> None:
    """They are made of a call and a place, so of the API they need no more than what operations there are."""
    for module in (module for module in IMPORTS if part_of(module) == "snippets"):
        assert {target for target in IMPORTS[module] if part_of(target) == "api"} <= {"api/operations.js"}, module

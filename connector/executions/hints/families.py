"""All families of failures."""

from collections.abc import Callable

from . import (
    commands,
    contents,
    event_loops,
    files,
    frames,
    memory,
    names,
    network,
    packages,
    spellings,
    syntax,
    values,
)
from .failure import Failure

FAMILIES: tuple[Callable[[Failure], str | None], ...] = (
    syntax.hint,
    event_loops.hint,
    spellings.hint,
    commands.hint,
    packages.hint,
    memory.hint,
    files.hint,
    contents.hint,
    frames.hint,
    names.hint,
    values.hint,
    network.hint,
)
"""In the order in which they are asked: the first hint is the only one."""

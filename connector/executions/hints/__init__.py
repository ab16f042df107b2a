"""Hints: for a run that failed, the remedy, where it is certain enough to be stated.

Pure functions of what a session reports about a failure (`failure.py`): one module per family of failures, each with a
function `hint`. Direct runs report names and messages alone; there a hint names nothing that the session alone knows.
`remarks.py` does the same for runs that succeeded, from what they wrote.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

from ...models import ExecutionError
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
from .failure import Facts, Failure, failure_of
from .remarks import remarks_on

__all__ = ["remarks_on", "with_hint"]

_LONGEST_HINT = 1000
_FAMILIES: tuple[Callable[[Failure], str | None], ...] = (
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


def with_hint(error: ExecutionError, facts: Sequence[Facts] = (), *, is_new_session: bool = False) -> ExecutionError:
    """The error with a hint, unless it has one or none is known."""
    if error.hint is not None:
        return error
    failure = failure_of(error, facts, is_new_session=is_new_session)
    hints = (family(failure) for family in _FAMILIES)
    hint = next((hint for hint in hints if hint), None)
    return error if hint is None else replace(error, hint=hint[:_LONGEST_HINT])

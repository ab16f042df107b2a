"""Hints: for a run that failed, the remedy, where it is certain enough to be stated.

Pure functions of what a session reports about a failure (`failure.py`): one module per family of failures, each with a
function `hint`. Direct runs report names and messages alone; there a hint names nothing that the session alone knows.
`remarks.py` does the same for runs that succeeded, from what they wrote.
"""

from collections.abc import Sequence
from dataclasses import replace

from ...models import ExecutionError
from .failure import Facts, failure_of
from .remarks import remarks_on

__all__ = ["remarks_on", "with_hint"]

_LONGEST_HINT = 1000


def with_hint(error: ExecutionError, facts: Sequence[Facts] = (), *, is_new_session: bool = False) -> ExecutionError:
    """The error with a hint, unless it has one or none is known."""
    if error.hint is not None:
        return error
    # Their patterns and tables take a noticeable part of a cold start, and only runs that fail need them.
    from .families import FAMILIES

    failure = failure_of(error, facts, is_new_session=is_new_session)
    hints = (family(failure) for family in FAMILIES)
    hint = next((hint for hint in hints if hint), None)
    return error if hint is None else replace(error, hint=hint[:_LONGEST_HINT])

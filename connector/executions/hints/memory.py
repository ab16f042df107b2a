"""Runs that need more memory than their session has."""

from dataclasses import replace

from ...models import Execution
from .failure import Failure

_REMEDY = (
    "Read large files in parts (pd.read_csv with chunksize), only the columns that are needed (usecols), and with "
    "smaller types (dtype, such as 'category' or 'float32'); delete what is no longer needed."
)
_NAMES = ("MemoryError", "_ArrayMemoryError", "OutOfMemoryError", "OutOfMemoryException")


def hint(failure: Failure) -> str | None:
    link = next((link for link in failure.causes if link.name in _NAMES), None)
    if link is None:
        return None
    return f"{_stated(link.number('memoryLimit'))}{_REMEDY}"


def with_memory_limit(execution: Execution, limit: int | None) -> Execution:
    """States the limit once if the interpreter has ended, for which memory may be the reason."""
    error, stated = execution.error, _stated(limit).strip()
    if error is None or error.name != "KernelRestarted" or not error.hint or not stated or stated in error.hint:
        return execution
    return replace(execution, error=replace(error, hint=f"{error.hint} {stated}"))


def _stated(limit: int | None) -> str:
    return f"This session has {amount(limit)} of memory in all. " if limit and limit > 0 else ""


def amount(size: int) -> str:
    """Such as `2 GB`, in binary units, as the pool's own limits are given."""
    number, unit = size / (1 << 20), "MB"
    if number >= 1024:
        number, unit = number / 1024, "GB"
    return f"{number:.1f} {unit}".replace(".0 ", " ")

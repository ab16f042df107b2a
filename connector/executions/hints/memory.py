"""Runs that need more memory than their session has."""

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
    limit = link.number("memoryLimit")
    has = f"This session has {amount(limit)} of memory in all. " if limit and limit > 0 else ""
    return f"{has}{_REMEDY}"


def amount(size: int) -> str:
    """Such as `2 GB`, in binary units, as the pool's own limits are given."""
    number, unit = size / (1 << 20), "MB"
    if number >= 1024:
        number, unit = number / 1024, "GB"
    return f"{number:.1f} {unit}".replace(".0 ", " ")

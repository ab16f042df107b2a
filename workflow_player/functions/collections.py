"""Arrays, objects and texts as collections."""

from collections.abc import Callable
from typing import Any

from workflow_player.content import text_of
from workflow_player.errors import TemplateError
from workflow_player.expressions import key_of, kind_of
from workflow_player.functions.logic import equals
from workflow_player.functions.types import array, integer, text


def chunk(value: Any, length: Any) -> list[Any]:
    """A text or an array in parts of the same length; the last may be shorter."""
    size = integer(length, "chunk")
    if size < 1 or not isinstance(value, str | list):
        raise TemplateError("chunk takes a text or an array, and a length of at least 1")
    return [value[position : position + size] for position in range(0, len(value), size)]


def contains(value: Any, sought: Any) -> bool:
    """A text contains a part (with the same case), an array an item, an object a member of that name (in any case)."""
    if isinstance(value, str):
        return text(sought, "contains") in value
    if isinstance(value, dict):
        return key_of(value, text(sought, "contains")) is not None
    return any(equals(item, sought) for item in array(value, "contains"))


def empty(value: Any) -> bool:
    if value is None or isinstance(value, str | list | dict):
        return not value
    raise TemplateError(f"empty takes a text, an array or an object, not a {kind_of(value)}")


def first(value: Any) -> Any:
    """The first item or character; null if there is none."""
    return _end(value, 0, "first")


def last(value: Any) -> Any:
    return _end(value, -1, "last")


def _end(value: Any, index: int, function: str) -> Any:
    if not isinstance(value, str | list):
        raise TemplateError(f"{function} takes a text or an array, not {kind_of(value)}")
    return value[index] if value else None


def intersection(first: Any, *others: Any) -> Any:
    """What all arrays, or all objects, have; of objects the members that have the same value in all."""
    if isinstance(first, dict):
        if not all(isinstance(other, dict) for other in others):
            raise TemplateError("intersection takes arrays only, or objects only")
        return {
            name: value
            for name, value in first.items()
            if all(name in other and equals(other[name], value) for other in others)
        }
    arrays = [array(other, "intersection") for other in others]
    kept = [item for item in array(first, "intersection") if all(_has(other, item) for other in arrays)]
    return _distinct(kept)


def join(value: Any, separator: Any) -> str:
    return text(separator, "join").join(text_of(item) for item in array(value, "join"))


def length(value: Any) -> int:
    if not isinstance(value, str | list):
        raise TemplateError(f"length takes a text or an array, not {kind_of(value)}")
    return len(value)


def reverse(value: Any) -> list[Any]:
    return array(value, "reverse")[::-1]


def skip(value: Any, count: Any) -> Any:
    return _counted(value, "skip")[_count(count, "skip") :]


def sort(value: Any, by: Any = None) -> list[Any]:
    """In ascending order; objects by the value of a member."""
    items = array(value, "sort")
    keys: list[Any] = [item.get(by) if by is not None and isinstance(item, dict) else item for item in items]
    kinds = {kind_of(key) for key in keys}
    if len(kinds) > 1 or kinds & {"array", "object", "null"}:
        raise TemplateError(f"sort orders numbers or texts, not {' and '.join(sorted(kinds))}")
    return [items[position] for position in sorted(range(len(items)), key=lambda position: keys[position])]


def take(value: Any, count: Any) -> Any:
    return _counted(value, "take")[: _count(count, "take")]


def _counted(value: Any, function: str) -> Any:
    if not isinstance(value, str | list):
        raise TemplateError(f"{function} takes a text or an array, not {kind_of(value)}")
    return value


def _count(value: Any, function: str) -> int:
    if integer(value, function) < 0:
        raise TemplateError(f"{function} takes a count that is not negative")
    return int(value)


def union(first: Any, *others: Any) -> Any:
    """All items without duplicates; of objects all members, with the value of the last that has one."""
    if isinstance(first, dict):
        if not all(isinstance(other, dict) for other in others):
            raise TemplateError("union takes arrays only, or objects only")
        return {name: value for part in (first, *others) for name, value in part.items()}
    return _distinct([item for part in (first, *others) for item in array(part, "union")])


def _has(items: list[Any], sought: Any) -> bool:
    return any(equals(item, sought) for item in items)


def _distinct(items: list[Any]) -> list[Any]:
    kept: list[Any] = []
    for item in items:
        if not _has(kept, item):
            kept.append(item)
    return kept


COLLECTIONS: dict[str, Callable[..., Any]] = {
    "chunk": chunk,
    "contains": contains,
    "empty": empty,
    "first": first,
    "intersection": intersection,
    "join": join,
    "last": last,
    "length": length,
    "reverse": reverse,
    "skip": skip,
    "sort": sort,
    "take": take,
    "union": union,
}

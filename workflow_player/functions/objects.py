"""Objects: members added, changed and removed, whose names are compared without regard to case."""

from collections.abc import Callable
from typing import Any

from workflow_player.errors import TemplateError
from workflow_player.expressions import key_of
from workflow_player.functions.types import an_object, text


def add_property(value: Any, name: Any, added: Any) -> dict[str, Any]:
    """Fails if there is a member of that name."""
    given = an_object(value, "addProperty")
    if key_of(given, text(name, "addProperty")) is not None:
        raise TemplateError(f"addProperty: there is a member {name!r}; setProperty changes it")
    return {**given, name: added}


def set_property(value: Any, name: Any, new: Any) -> dict[str, Any]:
    given = an_object(value, "setProperty")
    return {**given, key_of(given, text(name, "setProperty")) or name: new}


def remove_property(value: Any, name: Any) -> dict[str, Any]:
    given = an_object(value, "removeProperty")
    removed = key_of(given, text(name, "removeProperty"))
    return {kept: member for kept, member in given.items() if kept != removed}


OBJECTS: dict[str, Callable[..., Any]] = {
    "addProperty": add_property,
    "removeProperty": remove_property,
    "setProperty": set_property,
}

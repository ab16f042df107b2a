"""Objects: members added, changed and removed, and the first value that is not null."""

from collections.abc import Callable
from typing import Any

from workflow_player.errors import TemplateError
from workflow_player.functions.types import an_object, text


def coalesce(*values: Any) -> Any:
    return next((value for value in values if value is not None), None)


def add_property(value: Any, name: Any, added: Any) -> dict[str, Any]:
    """Fails if there is a member of that name."""
    given = an_object(value, "addProperty")
    if text(name, "addProperty") in given:
        raise TemplateError(f"addProperty: there is a member {name!r}; setProperty changes it")
    return {**given, name: added}


def set_property(value: Any, name: Any, new: Any) -> dict[str, Any]:
    return {**an_object(value, "setProperty"), text(name, "setProperty"): new}


def remove_property(value: Any, name: Any) -> dict[str, Any]:
    removed = text(name, "removeProperty")
    return {kept: member for kept, member in an_object(value, "removeProperty").items() if kept != removed}


OBJECTS: dict[str, Callable[..., Any]] = {
    "addProperty": add_property,
    "coalesce": coalesce,
    "removeProperty": remove_property,
    "setProperty": set_property,
}

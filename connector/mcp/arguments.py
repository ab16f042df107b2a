"""The arguments of tools: their schemas, made of the contract, and their values, checked as those of REST requests.

The schemas are flat and have only keywords that all hosts accept. Copilot Studio drops tools with `$ref`, Foundry those
with `anyOf` or several types; Gemini's API refuses `additionalProperties`, `default` and others. So unknown arguments
are refused here alone, with the name that was probably meant.
"""

import re
from collections.abc import Mapping
from typing import Any

from ..callers.session_ids import check_session_id
from ..contract.validation import Checker, Operation
from ..errors import InvalidRequest, InvalidSessionId
from ..files.names import joined
from ..models import snake_case
from .protocol import Json

_CHECKED = ("type", "enum", "minimum", "maximum", "minLength", "maxLength", "pattern")
_SHOWN = ("type", "enum", "minimum", "maximum", "description")
"""Models do not count the characters that they write, so lengths would only cost tokens."""

_DATA_FOLDER = "/mnt/data/"
_NO_SESSION = ("null", "none", "undefined")
"""What models write for a session ID that they do not have. As an ID, all of them would share one session."""


class Arguments:
    """The arguments of one tool. `descriptions` are written for models, in the order in which they are listed.

    Their types and limits are those of the operation's parameter or member of the same name, or in `own`, schemas of
    arguments that the operation does not have. Those of `optional` may be omitted.
    """

    def __init__(
        self,
        operation: Operation,
        descriptions: Mapping[str, str],
        *,
        optional: tuple[str, ...] = (),
        own: Mapping[str, Json] | None = None,
    ) -> None:
        schemas = {**_schemas_of(operation), **(own or {})}
        properties = {
            name: {**{key: schemas[name][key] for key in _CHECKED if key in schemas[name]}, "description": description}
            for name, description in descriptions.items()
        }
        required = [name for name in descriptions if name not in optional]
        self._checker = Checker(
            {"type": "object", "additionalProperties": False, "required": required, "properties": properties},
            "argument",
        )
        self.input_schema: Json = {
            "type": "object",
            "properties": {
                name: {key: schema[key] for key in _SHOWN if key in schema} for name, schema in properties.items()
            },
            "required": required,
        }

    def _check_session_id(self, values: Json) -> None:
        """Removes what means that there is none. Raises InvalidSessionId; the checker's message is for callers who may
        choose an ID.
        """
        session_id = values.get("sessionId")
        is_optional = "sessionId" not in self.input_schema["required"]
        if not isinstance(session_id, str) or (is_optional and not session_id):
            return
        if is_optional and session_id.strip().lower() in _NO_SESSION:
            del values["sessionId"]
            return
        try:
            check_session_id(session_id)
        except InvalidSessionId:
            remedy = "Send the one of an earlier result" + (
                ", or omit it to start a new session." if is_optional else "."
            )
            raise InvalidSessionId(
                f"The argument sessionId is not a session ID. {remedy}", target="sessionId"
            ) from None

    def checked(self, given: Any) -> dict[str, Any]:
        """The values by the names that operations use. Raises InvalidRequest and its subclasses."""
        if given is None:
            given = {}
        if not isinstance(given, dict):
            raise InvalidRequest("The arguments are not a JSON object. Send an object with a member for each argument.")
        known = self.input_schema["properties"]
        values = _with_known_names(given, known)
        self._check_session_id(values)
        if "folder" in known:
            _split_path(values)
        return {snake_case(name): value for name, value in self._checker.checked(values).items()}


def _schemas_of(operation: Operation) -> dict[str, Json]:
    """By name: of the parameters, of the members of the body, and of those of the objects in its only list."""
    schemas = {parameter["name"]: parameter["schema"] for parameter in operation.parameters}
    members = operation.bodies.get("application/json", {}).get("properties", {})
    for member in members.values():
        schemas.update(member.get("items", {}).get("properties", {}))
    return {**schemas, **members}


def _with_known_names(given: Json, known: Json) -> Json:
    """With `session_id` as `sessionId`: names that differ in nothing but case and separators mean the same.

    Of two that mean the same, one is left as it is, and so unknown.
    """
    by_letters = {_letters(name): name for name in known}
    values: Json = {}
    for name, value in given.items():
        meant = by_letters.get(_letters(name), name)
        values[name if meant in given or meant in values else meant] = value
    return values


def _letters(name: str) -> str:
    return re.sub("[-_ ]", "", name).lower()


def _split_path(values: Json) -> None:
    """Code knows files by their paths, so models send these as names. The name of a file never has a slash."""
    name, folder = values.get("fileName"), values.get("folder") or ""
    if not isinstance(name, str) or "/" not in name or not isinstance(folder, str):
        return
    above, _, last = name.rpartition("/")
    is_absolute = f"{above}/".startswith(_DATA_FOLDER)
    if is_absolute and folder.strip("/") in ("", above.removeprefix("/"), above[len(_DATA_FOLDER) :]):
        values["fileName"], values["folder"] = last, above
    elif not name.startswith("/"):
        values["fileName"], values["folder"] = last, joined(folder, above)

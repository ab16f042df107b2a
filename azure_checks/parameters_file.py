"""infra/main.parameters.json beside the parameters of main.bicep: what azd fills in from its environment."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

from .expressions import Node, Text, Value
from .template import Parameter, Template

_VARIABLE = re.compile(r"\$\{([A-Z][A-Z0-9_]*)(?:=([^}]*))?\}")
"""`${NAME}` or `${NAME=default}`, as azd takes it (drone/envsubst)."""

_GIVEN_BACK = {"AZURE_LOCATION"}
"""Variables of azd's own, which its templates have as outputs too: azd asks for them when they are gone."""


def findings(path: Path, template: Template) -> Iterator[str]:
    values = {name: entry["value"] for name, entry in json.loads(path.read_text("utf-8"))["parameters"].items()}
    for name in values.keys() - template.parameters.keys():
        yield f"{name} is no parameter of {template.path.name}"
    for name, parameter in template.parameters.items():
        if name in values:
            yield from _value(name, parameter, values[name])
        elif parameter.default is None and "metadata" not in parameter.decorators:  # azd generates or asks for those
            yield f"{name} is missing, and has no default"
    variables = {match[1] for value in values.values() if (match := _VARIABLE.fullmatch(str(value)))}
    for name in (variables & template.outputs.keys()) - _GIVEN_BACK:
        yield f"{name} is an output of {template.path.name} too: `azd down` would forget what the user has set"


def _value(name: str, parameter: Parameter, value: object) -> Iterator[str]:
    match = _VARIABLE.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        yield f"{name} must be ${{NAME}} or ${{NAME=default}}: what is written here, everybody shares"
        return
    default = match[2]
    if parameter.secure and default:
        yield f"{name} is secret, and has a default here"
    if default is None or parameter.default is None:
        return
    # azd turns the text into what the parameter is.
    if parameter.type == "bool" and default not in ("true", "false"):
        yield f"{name} must default to true or false"
    if parameter.type == "int" and not default.isdecimal():
        yield f"{name} must default to a whole number"
    in_template = _written(parameter.default)
    if default != in_template:
        yield f"{name} defaults to {default!r} here, and to {in_template!r} in the template"


def _written(default: Node) -> str | None:
    """A template's default as azd would write it."""
    match default:
        case Text():
            return default.literal
        case Value(value=value):
            return str(value).lower()
    return None

"""Checks a file such as infra/main.parameters.json, which azd fills in from its environment, against the template."""

import re
from collections.abc import Iterator

from .compiled import Json

_VARIABLE = re.compile(r"\$\{([A-Z][A-Z0-9_]*)(?:=([^}]*))?\}")
"""`${NAME}` or `${NAME=default}`, the syntax that azd supports (drone/envsubst)."""

_RESTORED_BY_AZD = {"AZURE_LOCATION"}
"""Variables of azd that its templates also have as outputs: azd asks for them again when they are missing."""


def findings(file: Json, template: Json, source: str = "main.bicep") -> Iterator[str]:
    """`file` is the parameters file, `template` is main.json, and `source` what that was compiled from."""
    values = {name: entry["value"] for name, entry in file["parameters"].items()}
    parameters = template["parameters"]
    for name in values.keys() - parameters.keys():
        yield f"{name} is not a parameter of {source}"
    for name, parameter in parameters.items():
        if name in values:
            yield from _check_value(name, parameter, values[name], source)
        elif "defaultValue" not in parameter and "azd" not in parameter.get("metadata", {}):  # azd generates those
            yield f"{name} is missing, and {source} has no default for it"
    variables = {match[1] for value in values.values() if (match := _VARIABLE.fullmatch(str(value)))}
    for name in (variables & template["outputs"].keys()) - _RESTORED_BY_AZD:
        yield f"{name} is an output of {source} too: `azd down` would remove the value that the user has set"


def _check_value(name: str, parameter: Json, value: object, source: str) -> Iterator[str]:
    match = _VARIABLE.fullmatch(str(value))
    if match is None:
        yield f"{name} must be ${{NAME}} or ${{NAME=default}}: a value written here would apply to every environment"
        return
    default = match[2]
    if parameter["type"] == "securestring" and default:
        yield f"{name} is secret, and must not have a default"
    if default is None or "defaultValue" not in parameter:
        return
    # azd converts the text to the type of the parameter.
    if parameter["type"] == "bool" and default not in ("true", "false"):
        yield f"{name} must default to true or false"
    if parameter["type"] == "int" and not default.isdecimal():
        yield f"{name} must default to an integer"
    in_template = parameter["defaultValue"]
    expected = str(in_template).lower() if isinstance(in_template, bool) else str(in_template)
    if default != expected:
        yield f"{name} defaults to {default!r} here, and to {expected!r} in {source}"

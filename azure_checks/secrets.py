"""Checks that no secret is written in a template, returned as an output, or passed in a parameter that Azure shows."""

import re
from collections.abc import Iterator

from .compiled import Json, Snapshot, is_expression, strings, templates

_SECRET_NAME = re.compile(r"key|secret|password|credential|connection_?string|sas$", re.IGNORECASE)
_SECRET_VALUE = re.compile(r"[A-Za-z0-9+/_]{32,}=*|.*(AccountKey|SharedAccessSignature|sig)=.*|.*\blist[A-Z]\w*\(.*")
"""Random text, a connection string, or an expression that asks a resource for its keys."""

_NOT_SECRET = re.compile(r"|managedidentity|/subscriptions/.*")
"""Plain values that a member with such a name may have: nothing, a kind of credential, a resource ID."""

_KEPT_SECRET = "properties.configuration.secrets[].value"
"""The member of a container app whose value Azure does not show. It may be an expression."""

_REFERENCE = "secretRef"
"""The member of a container's variable that has the name of a secret."""


def findings(snapshot: Snapshot) -> Iterator[str]:
    """Secrets that a deployment would write or return. The values of secure parameters are not in a snapshot."""
    for resource in snapshot.resources:
        for path, value in strings(resource.get("properties", {}), "properties"):
            name = path.rsplit(".", 1)[-1]
            if name == _REFERENCE or (path == _KEPT_SECRET and is_expression(value)):
                continue
            is_plain_secret = (
                _SECRET_NAME.search(name) and not is_expression(value) and not _NOT_SECRET.fullmatch(value)
            )
            if is_plain_secret or _SECRET_VALUE.fullmatch(value):
                yield f"{name} of the {resource['type']} is a secret: pass it as a secure parameter"
    for app in snapshot.of_type("Microsoft.App/containerApps"):
        for container in app["properties"]["template"]["containers"]:
            for variable in container.get("env", []):
                if _SECRET_NAME.search(variable["name"]) and _REFERENCE not in variable:
                    yield f"the variable {variable['name']} of {app['name']} is a secret: refer to it with {_REFERENCE}"


def findings_in_template(template: Json, main: str = "main") -> Iterator[str]:
    """Parameters that must be secure, defaults of secure ones, and outputs that return them; in modules too."""
    for name, part in templates(template, main):
        parameters = part.get("parameters", {})
        secure = {parameter for parameter in parameters if parameters[parameter]["type"].startswith("secure")}
        for parameter, declaration in parameters.items():
            if _SECRET_NAME.search(parameter) and declaration["type"] == "string" and parameter not in secure:
                yield f"{name}: the parameter {parameter} must be @secure()"
            if parameter in secure and declaration.get("defaultValue"):
                yield f"{name}: the secure parameter {parameter} must not have a default"
        for output, declaration in part.get("outputs", {}).items():
            value = declaration["copy"] if "copy" in declaration else declaration["value"]  # of a loop, its input
            if secure & _used_parameters(part, value):
                yield f"{name}: the output {output} returns a secret"


def _used_parameters(template: Json, expression: object) -> set[str]:
    """The parameters that an expression uses, also through variables."""
    used = set()
    for _, value in strings(expression):
        used |= set(re.findall(r"parameters\('(\w+)'\)", value))
        for variable in re.findall(r"variables\('(\w+)'\)", value):
            used |= _used_parameters(template, template["variables"][variable])
    return used

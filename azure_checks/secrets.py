"""No secret stands in a template, leaves it as an output, or goes through a parameter that Azure keeps readable."""

import re
from collections.abc import Iterator

from .expressions import Choice, Name, Node, Object, Text, children
from .template import Template

_SECRET_NAME = re.compile(r"key|secret|password|credential|connectionstring|sas$", re.IGNORECASE)
_SECRET_TEXT = re.compile(r"[A-Za-z0-9+/_]{32,}=*|.*(AccountKey|SharedAccessSignature|sig)=.*")
_NO_SECRET = re.compile(r"managedidentity|signing-key(-previous)?|key|[a-z]+\.bicep")
"""Texts under such a name that are none: kinds of credentials, names of secrets."""


def findings(template: Template) -> Iterator[str]:
    for name, parameter in template.parameters.items():
        if parameter.type == "string" and _SECRET_NAME.search(name) and not parameter.secure:
            yield f"line {parameter.line}: the parameter {name} must be @secure()"
        if parameter.secure and isinstance(parameter.default, Text) and parameter.default.literal:
            yield f"line {parameter.line}: the parameter {name} has a secret as its default"
    for name, output in template.outputs.items():
        if _reaches_secret(template, output.value):
            yield f"line {output.line}: the output {name} would show a secret"
    for node in template.nodes(with_keys=False):
        if isinstance(node, Text):
            yield from _literal(node)
        elif isinstance(node, Object):
            for key, value in node.entries:
                if _SECRET_NAME.search(key.literal or "") and any(map(_is_secret, _texts(value))):
                    yield f"line {value.line}: {key.literal} is written as it is"


def _literal(node: Text) -> Iterator[str]:
    for part in node.parts:
        if isinstance(part, str) and _SECRET_TEXT.fullmatch(part):
            yield f"line {node.line}: a text looks like a secret"


def _texts(node: Node) -> Iterator[str]:
    """What may be written in a place, as far as it stands there."""
    if isinstance(node, Choice):
        yield from _texts(node.yes)
        yield from _texts(node.no)
    elif isinstance(node, Text) and node.literal:
        yield node.literal


def _is_secret(text: str) -> bool:
    return not _NO_SECRET.fullmatch(text)


def _reaches_secret(template: Template, node: Node) -> bool:
    if isinstance(node, Name):
        if node.name in template.parameters:
            return template.parameters[node.name].secure
        if node.name in template.variables:
            return _reaches_secret(template, template.variables[node.name])
    return any(_reaches_secret(template, child) for child in children(node))

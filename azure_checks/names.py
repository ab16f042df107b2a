"""Whether Azure takes the names that the templates give, with the longest that can be filled in.

Lengths and characters: learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules, and for session
pools the pattern in Azure/azure-resource-manager-schemas.
"""

import re
from collections.abc import Iterator

from .expressions import Access, Items, Name, Node, Object, Text
from .template import Resource, Template

LONGEST = {"environmentName": "e" * 64, "nameSuffix": "abcdefghijklm"}
"""azd's environments have 64 characters at most; uniqueString() yields 13 letters and digits."""

RULES = {
    "Microsoft.App/sessionPools": r"[a-z][a-z0-9]{2,62}",
    "Microsoft.Insights/actionGroups": r"[^:<>+/&%\\?|]{1,260}",
    "Microsoft.Insights/components": r"[^%&\\?/]{1,260}",
    "Microsoft.Insights/scheduledQueryRules": r"[^*<>%{}&:\\?/#|]{1,260}",
    "Microsoft.KeyVault/vaults": r"[a-zA-Z](?!.*--)[a-zA-Z0-9-]{1,22}[a-zA-Z0-9]",
    "Microsoft.KeyVault/vaults/secrets": r"[a-zA-Z0-9-]{1,127}",
    "Microsoft.ManagedIdentity/userAssignedIdentities": r"[a-zA-Z0-9][a-zA-Z0-9_-]{2,127}",
    "Microsoft.Network/privateDnsZones": r"[a-z0-9.-]{1,63}",
    "Microsoft.Network/privateEndpoints": r"[a-zA-Z0-9][\w.-]{0,62}\w",
    "Microsoft.Network/virtualNetworks": r"[a-zA-Z0-9][\w.-]{0,62}\w",
    "Microsoft.OperationalInsights/workspaces": r"[a-zA-Z0-9][a-zA-Z0-9-]{2,61}[a-zA-Z0-9]",
    "Microsoft.Resources/resourceGroups": r"[\w().-]{0,89}[\w()-]",
    "Microsoft.Storage/storageAccounts": r"[a-z0-9]{3,24}",
    "Microsoft.Storage/storageAccounts/blobServices/containers": r"[a-z0-9](?!.*--)[a-z0-9-]{1,61}[a-z0-9]",
    "Microsoft.Web/serverfarms": r"[a-zA-Z0-9-]{1,60}",
    "Microsoft.Web/sites": r"[a-zA-Z0-9][a-zA-Z0-9-]{0,58}[a-zA-Z0-9]",
}


def findings(template: Template) -> Iterator[str]:
    for symbol, resource in template.resources.items():
        rule = RULES.get(resource.type.split("@")[0])
        if rule is None or resource.existing:
            continue
        for name in names(template, resource):
            if not re.fullmatch(rule, name):
                yield f"line {resource.line}: {symbol} would be called {name}, and must match {rule}"


def names(template: Template, resource: Resource) -> Iterator[str]:
    """What a resource, or each of a loop's, may be called, as far as that can be seen without deploying."""
    name = resource.body.get("name")
    assert name is not None, resource
    for item in _items(template, resource):
        found = _longest(template, name, item)
        if found is not None:
            yield found


def _items(template: Template, resource: Resource) -> tuple[dict[str, Node], ...]:
    if resource.loop is None:
        return ({},)
    source = resource.loop.source
    listed = template.variables.get(source.name) if isinstance(source, Name) else source
    return tuple({resource.loop.item: item} for item in listed.items) if isinstance(listed, Items) else ()


def _longest(template: Template, node: Node, item: dict[str, Node]) -> str | None:
    match node:
        case Text(parts=parts):
            pieces = [part if isinstance(part, str) else _longest(template, part, item) for part in parts]
            return None if None in pieces else "".join(map(str, pieces))
        case Name(name=name) if name in LONGEST:
            return LONGEST[name]
        case Name(name=name) if name in template.variables:
            return _longest(template, template.variables[name], item)
        case Access(target=Name(name=target), name=name) if isinstance(item.get(target), Object):
            inside = item[target]
            value = inside.get(name) if isinstance(inside, Object) else None
            return _longest(template, value, item) if value else None
    return None

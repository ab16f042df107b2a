"""Checks that Azure accepts the names of the resources.

Lengths and characters: learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules; for session
pools, the pattern in Azure/azure-resource-manager-schemas.
"""

import re
from collections.abc import Iterator

from .compiled import Snapshot, is_expression

RULES = {
    "Microsoft.App/containerApps": r"[a-z](?!.*--)[a-z0-9-]{0,30}[a-z0-9]",
    "Microsoft.App/managedEnvironments": r"[a-zA-Z](?!.*--)[a-zA-Z0-9-]{0,58}[a-zA-Z0-9]",
    "Microsoft.App/sessionPools": r"[a-z][a-z0-9]{2,62}",
    "Microsoft.CognitiveServices/accounts": r"[a-zA-Z0-9][a-zA-Z0-9-]{0,62}[a-zA-Z0-9]",
    "Microsoft.ContainerRegistry/registries": r"[a-zA-Z0-9]{5,50}",
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


def findings(snapshot: Snapshot) -> Iterator[str]:
    for resource in snapshot.resources:
        name = resource["name"].rsplit("/", 1)[-1]
        rule = RULES.get(resource["type"])
        if rule and not is_expression(resource["name"]) and not re.fullmatch(rule, name):
            yield f"the {resource['type']} is named {name}, which must match {rule}"

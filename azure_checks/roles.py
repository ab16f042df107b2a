"""Checks that the app gets the role that it needs on each resource, and that no other role is assigned.

A wrong role ID compiles like a right one. IDs: learn.microsoft.com/azure/role-based-access-control/built-in-roles; they
are the same in every tenant.
"""

import re
from collections.abc import Iterator

from .compiled import Snapshot, is_expression

ROLES = {
    "Microsoft.App/sessionPools": "0fb8eba5-a2bb-4abe-b1c1-49dfad359bb0",  # Azure ContainerApps Session Executor
    "Microsoft.Storage/storageAccounts": "b7e6dc6d-f1e8-4753-8033-0f276bb0955b",  # Storage Blob Data Owner
    "Microsoft.Insights/components": "3913510d-42f4-4e42-8a64-420c390055eb",  # Monitoring Metrics Publisher
    "Microsoft.ContainerRegistry/registries": "7f951dda-4ed3-4680-a7ca-43fe172d538d",  # AcrPull
    "Microsoft.CognitiveServices/accounts": "5e0bd9bd-7b93-4f28-af87-19fc36ad61bd",  # Cognitive Services OpenAI User
    "Microsoft.KeyVault/vaults": "4633458b-17de-408a-b874-0445c86b69e6",  # Key Vault Secrets User
}
"""The one role that is assigned on a resource of each type."""

NEEDED_WITH = {
    "Microsoft.Web/sites": {
        "Microsoft.App/sessionPools",
        "Microsoft.Storage/storageAccounts",
        "Microsoft.Insights/components",
    },
    "Microsoft.KeyVault/vaults": {"Microsoft.KeyVault/vaults"},
    "Microsoft.ContainerRegistry/registries": {"Microsoft.ContainerRegistry/registries"},
    "Microsoft.CognitiveServices/accounts": {"Microsoft.CognitiveServices/accounts"},
}
"""By type of a resource that is deployed, the resources on which the app then needs its role."""

FOR_THE_DEPLOYER_TOO = "Microsoft.App/sessionPools"

_SCOPE = re.compile(
    r"/providers/(Microsoft\.\w+/\w+)/[\w-]+(?:/providers/|', ')Microsoft\.Authorization/roleAssignments"
)
"""In the ID of a role assignment, which is a path, or an expression if only Azure knows its name."""


def findings(snapshot: Snapshot) -> Iterator[str]:
    held_by_the_app = set()
    for assignment in snapshot.of_type("Microsoft.Authorization/roleAssignments"):
        scope = match[1] if (match := _SCOPE.search(assignment["id"])) else "another scope"
        properties = assignment["properties"]
        role = properties["roleDefinitionId"].rsplit("/", 1)[-1]
        if ROLES.get(scope) != role:
            yield f"the role {role} is assigned on {scope}, which azure_checks/roles.py does not list"
        # The app's principal is known only to Azure, the deployer's is a parameter.
        if is_expression(properties["principalId"]):
            held_by_the_app.add(scope)
            if properties.get("principalType") != "ServicePrincipal":
                yield f"the app's role on {scope} needs principalType: 'ServicePrincipal'"
        elif scope != FOR_THE_DEPLOYER_TOO:
            yield f"the deployer gets a role on {scope}"
    needed = {scope for deployed, scopes in NEEDED_WITH.items() if snapshot.of_type(deployed) for scope in scopes}
    for scope in sorted(needed - held_by_the_app):
        yield f"the app gets no role on {scope}"

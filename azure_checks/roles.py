"""Checks that the app gets the role that it needs on each resource, and that no other role is assigned.

A wrong role ID compiles like a right one. IDs: learn.microsoft.com/azure/role-based-access-control/built-in-roles; they
are the same in every tenant.
"""

import re
from collections.abc import Iterator

from . import files_storage
from .compiled import Snapshot, is_expression

ACCOUNT_OF_FILES = "the storage account of files"
FILES = "the container of files"
SOURCE = "a container to import from"

ROLES = {
    "Microsoft.App/sessionPools": "0fb8eba5-a2bb-4abe-b1c1-49dfad359bb0",  # Azure ContainerApps Session Executor
    "Microsoft.Storage/storageAccounts": "b7e6dc6d-f1e8-4753-8033-0f276bb0955b",  # Storage Blob Data Owner
    ACCOUNT_OF_FILES: "db58b8e5-c6ad-4a2a-8342-4190687cbf4a",  # Storage Blob Delegator
    FILES: "ba92f5b4-2d11-453d-a403-e96b0029c9fe",  # Storage Blob Data Contributor
    SOURCE: "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1",  # Storage Blob Data Reader
    "Microsoft.Insights/components": "3913510d-42f4-4e42-8a64-420c390055eb",  # Monitoring Metrics Publisher
    "Microsoft.ContainerRegistry/registries": "7f951dda-4ed3-4680-a7ca-43fe172d538d",  # AcrPull
    "Microsoft.CognitiveServices/accounts": "5e0bd9bd-7b93-4f28-af87-19fc36ad61bd",  # Cognitive Services OpenAI User
    "Microsoft.KeyVault/vaults": "4633458b-17de-408a-b874-0445c86b69e6",  # Key Vault Secrets User
}
"""The one role that the app gets on each resource: by its type, or by what it is for."""

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

ROLES_OF_THE_DEPLOYER = {
    "Microsoft.App/sessionPools": ROLES["Microsoft.App/sessionPools"],
    SOURCE: ROLES[FILES],  # to put files there
}

_SCOPE = re.compile(
    r"(?P<id>/subscriptions/[^']*?/providers/(?P<type>Microsoft\.\w+/\w+)/[\w-]+"
    r"(?P<container>/blobServices/default/containers/[\w-]+)?)"
    r"(?:/providers/|', ')Microsoft\.Authorization/roleAssignments"
)
"""In the ID of a role assignment, which is a path, or an expression if only Azure knows its name."""


def findings(snapshot: Snapshot) -> Iterator[str]:
    held_by_the_app = set()
    containers_of_the_app = set()
    for assignment in snapshot.of_type("Microsoft.Authorization/roleAssignments"):
        scope, resource = _scope(assignment["id"], snapshot)
        properties = assignment["properties"]
        role = properties["roleDefinitionId"].rsplit("/", 1)[-1]
        # The app's principal is known only to Azure, the deployer's is a parameter.
        is_of_the_app = is_expression(properties["principalId"])
        if not is_of_the_app and scope not in ROLES_OF_THE_DEPLOYER:
            yield f"the deployer gets a role on {scope}"
        elif (ROLES if is_of_the_app else ROLES_OF_THE_DEPLOYER).get(scope) != role:
            yield f"the role {role} is assigned on {scope}, which azure_checks/roles.py does not list"
        elif is_of_the_app:
            held_by_the_app.add(scope)
            containers_of_the_app.add(resource)
            if properties.get("principalType") != "ServicePrincipal":
                yield f"the app's role on {scope} needs principalType: 'ServicePrincipal'"
    needed = {scope for deployed, scopes in NEEDED_WITH.items() if snapshot.of_type(deployed) for scope in scopes}
    if files_storage.account_of_files(snapshot):
        needed.add(ACCOUNT_OF_FILES)
    for scope in sorted(needed - held_by_the_app):
        yield f"the app gets no role on {scope}"
    for setting in (files_storage.FILES, files_storage.IMPORTS):
        for container in files_storage.containers(snapshot, setting):
            if container not in containers_of_the_app:
                yield f"the app gets no role on the container {container.rsplit('/', 1)[-1]} of {setting}"


def _scope(assignment_id: str, snapshot: Snapshot) -> tuple[str, str]:
    """What a role is assigned on, as ROLES has it, and the ID of that resource."""
    match = _SCOPE.search(assignment_id)
    if match is None:
        return "another scope", ""
    if match["container"]:
        for scope, setting in ((FILES, files_storage.FILES), (SOURCE, files_storage.IMPORTS)):
            if match["id"] in files_storage.containers(snapshot, setting):
                return scope, match["id"]
        return "another container", match["id"]
    if match["id"] == files_storage.account_of_files(snapshot):
        return ACCOUNT_OF_FILES, match["id"]
    return match["type"], match["id"]

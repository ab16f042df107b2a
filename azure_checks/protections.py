"""Checks that no protection of a resource is missing that auditors and policies require, and that suits this app.

Of the rules of Checkov and PSRule that are not followed, docs/deploy.md names those that users may miss.
"""

from collections.abc import Iterator
from typing import Any

from .compiled import Json, Snapshot
from .files_storage import account_of_files

TLS = "1.2"

REQUIRED: dict[str, dict[str, Any]] = {
    "Microsoft.Storage/storageAccounts": {
        "allowBlobPublicAccess": False,
        "allowCrossTenantReplication": False,
        "allowSharedKeyAccess": False,
        "minimumTlsVersion": f"TLS{TLS.replace('.', '_')}",
        "supportsHttpsTrafficOnly": True,
    },
    "Microsoft.Storage/storageAccounts/blobServices": {
        "containerDeleteRetentionPolicy.enabled": True,
        "deleteRetentionPolicy.enabled": True,
    },
    "Microsoft.Storage/storageAccounts/blobServices/containers": {"publicAccess": "None"},
    "Microsoft.KeyVault/vaults": {
        "enablePurgeProtection": True,
        "enableRbacAuthorization": True,
        "enableSoftDelete": True,
    },
    "Microsoft.Web/sites": {
        "httpsOnly": True,
        "siteConfig.ftpsState": "Disabled",
        "siteConfig.minTlsVersion": TLS,
        "siteConfig.scmMinTlsVersion": TLS,
    },
    "Microsoft.Web/sites/basicPublishingCredentialsPolicies": {"allow": False},
    "Microsoft.App/containerApps": {
        "configuration.activeRevisionsMode": "Single",
        "configuration.ingress.allowInsecure": False,
    },
    "Microsoft.CognitiveServices/accounts": {"disableLocalAuth": True},
    "Microsoft.ContainerRegistry/registries": {"adminUserEnabled": False, "anonymousPullEnabled": False},
    "Microsoft.OperationalInsights/workspaces": {"features.disableLocalAuth": True},
    "Microsoft.Insights/components": {"DisableLocalAuth": True},
}
"""By type, the properties that each resource of the type must have, and their values."""

REQUIRED_OF_FILES: dict[str, dict[str, Any]] = {
    "Microsoft.Storage/storageAccounts/blobServices": {
        "containerDeleteRetentionPolicy.enabled": False,
        "deleteRetentionPolicy.enabled": False,
    },
}
"""What differs in the storage account of files: there, what is deleted must be gone."""


def findings(snapshot: Snapshot) -> Iterator[str]:
    files = account_of_files(snapshot)
    for resource in snapshot.resources:
        required = REQUIRED.get(resource["type"], {})
        if files and resource["id"].startswith(f"{files}/"):
            required = required | REQUIRED_OF_FILES.get(resource["type"], {})
        for path, value in required.items():
            if (actual := _member(resource["properties"], path)) != value:
                yield f"{path} of the {resource['type']} must be {value}, and is {actual}"
    for secret in snapshot.of_type("Microsoft.KeyVault/vaults/secrets"):
        if not secret["properties"].get("contentType"):
            yield f"the secret {secret['name']} has no contentType"
    for vault in snapshot.of_type("Microsoft.KeyVault/vaults"):
        if not any(_audits(setting, vault) for setting in snapshot.of_type("Microsoft.Insights/diagnosticSettings")):
            yield f"nothing logs who reads the secrets of {vault['name']}"
    for app in snapshot.of_type("Microsoft.App/containerApps"):
        ingress = app["properties"]["configuration"]["ingress"]
        signs_in = any(
            _signs_in(setting, app) for setting in snapshot.of_type("Microsoft.App/containerApps/authConfigs")
        )
        if ingress["external"] and not ingress["ipSecurityRestrictions"] and not signs_in:
            yield f"anyone on the internet may call {app['name']}"


def _member(properties: Json, path: str) -> Any:
    value: Any = properties
    for name in path.split("."):
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _audits(setting: Json, vault: Json) -> bool:
    logs = setting["properties"].get("logs", [])
    return setting["id"].startswith(f"{vault['id']}/") and any(
        log["enabled"] and log.get("categoryGroup") == "audit" for log in logs
    )


def _signs_in(setting: Json, app: Json) -> bool:
    """Whether Azure asks callers of a container app to sign in."""
    enabled: bool = setting["properties"]["platform"]["enabled"]
    action = setting["properties"]["globalValidation"]["unauthenticatedClientAction"]
    return setting["id"].startswith(f"{app['id']}/") and enabled and action != "AllowAnonymous"

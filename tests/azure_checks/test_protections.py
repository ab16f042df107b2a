"""Every resource has the protections that it should have."""

import pytest

from azure_checks.protections import REQUIRED

DEFAULT = "infra/scenarios/default.snapshot.json"
KEY_VAULT = "infra/scenarios/key_vault.snapshot.json"
AUTOGEN = "examples/autogen_web_api/infra/scenarios/"
MISTAKES = {
    "shared keys": (
        DEFAULT,
        '"allowSharedKeyAccess": false',
        '"allowSharedKeyAccess": true',
        "allowSharedKeyAccess of the",
    ),
    "public blobs": (DEFAULT, '"allowBlobPublicAccess": false', '"x": 0', "must be False, and is None"),
    "deleted files that remain": (
        DEFAULT,
        '"deleteRetentionPolicy": {\n          "enabled": false',
        '"deleteRetentionPolicy": {\n          "enabled": true',
        "deleteRetentionPolicy.enabled of the Microsoft.Storage/storageAccounts/blobServices must be False",
    ),
    "packages that cannot be restored": (
        DEFAULT,
        '"deleteRetentionPolicy": {\n          "enabled": true',
        '"deleteRetentionPolicy": {\n          "enabled": false',
        "deleteRetentionPolicy.enabled of the Microsoft.Storage/storageAccounts/blobServices must be True",
    ),
    "an old TLS version": (DEFAULT, '"TLS1_2"', '"TLS1_0"', "minimumTlsVersion of the Microsoft.Storage"),
    "an old TLS version of the app": (
        DEFAULT,
        '"minTlsVersion": "1.2"',
        '"minTlsVersion": "1.0"',
        "siteConfig.minTlsV",
    ),
    "FTP": (
        DEFAULT,
        '"ftpsState": "Disabled"',
        '"ftpsState": "AllAllowed"',
        "siteConfig.ftpsState of the Microsoft.Web",
    ),
    "passwords for deployment": (
        DEFAULT,
        '"allow": false',
        '"allow": true',
        "allow of the Microsoft.Web/sites/basicPub",
    ),
    "a vault that can be purged": (
        KEY_VAULT,
        '"enablePurgeProtection": true',
        '"x": 0',
        "enablePurgeProtection of the",
    ),
    "a secret of no type": (KEY_VAULT, '"contentType": "text/plain"', '"contentType": ""', "has no contentType"),
    "secrets that are read unseen": (
        KEY_VAULT,
        '"categoryGroup": "audit"',
        '"category": "x"',
        "who reads the secrets of",
    ),
    "a registry with a password": (
        AUTOGEN + "openai.snapshot.json",
        '"adminUserEnabled": false',
        '"adminUserEnabled": true',
        "adminUserEnabled of the Microsoft.ContainerRegistry/registries must be False",
    ),
    "a model with keys": (
        AUTOGEN + "new_account.snapshot.json",
        '"disableLocalAuth": true,\n        "publicNetworkAccess"',
        '"disableLocalAuth": false,\n        "publicNetworkAccess"',
        "disableLocalAuth of the Microsoft.CognitiveServices/accounts must be True",
    ),
    "a web API that is open to the internet": (
        AUTOGEN + "web_inside.snapshot.json",
        '"external": false',
        '"external": true',
        "anyone on the internet may call web-",
    ),
    "a sign-in that lets everyone in": (
        AUTOGEN + "web_sign_in.snapshot.json",
        '"RedirectToLoginPage"',
        '"AllowAnonymous"',
        "anyone on the internet may call web-",
    ),
    "calls that are not encrypted": (
        AUTOGEN + "web_addresses.snapshot.json",
        '"allowInsecure": false',
        '"allowInsecure": true',
        "ingress.allowInsecure of the Microsoft.App/containerApps must be False",
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_missing_protection_is_found(is_found, mistake):
    """The finding names the property and the resource."""
    is_found(*MISTAKES[mistake])


def test_every_resource_with_rules_is_deployed(compiled, autogen):
    """A misspelled type would have its rules checked never."""
    snapshots = [compiled.snapshots["everything"], *autogen.snapshots.values()]
    assert set(REQUIRED) <= {resource["type"] for snapshot in snapshots for resource in snapshot.resources}


def test_a_new_vault_has_a_name_of_its_own(compiled):
    """A deleted vault keeps its name until its retention ends, so the name can be chosen."""
    names = {
        scenario: vault["name"]
        for scenario, snapshot in compiled.snapshots.items()
        for vault in snapshot.of_type("Microsoft.KeyVault/vaults")
    }
    assert names == {"everything": "kv-with-the-longest-name", "key_vault": "kv-dfqxdsxpgjsio"}

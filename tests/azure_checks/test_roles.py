"""The app gets the role that it needs on each resource, and no other role is assigned."""

import pytest

from azure_checks.compiled import is_expression
from azure_checks.roles import ROLES

DEFAULT = "infra/scenarios/default.snapshot.json"
VAULT = "infra/scenarios/key_vault.snapshot.json"
NEW_ACCOUNT = "examples/autogen_web_api/infra/scenarios/new_account.snapshot.json"
PULL = ROLES["Microsoft.ContainerRegistry/registries"]
CONTRIBUTOR = "b24988ac-6180-42a0-ab88-20f7382dd24c"
EXECUTOR = ROLES["Microsoft.App/sessionPools"]
OWNER = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635"
SECRETS_USER = f'roleDefinitions/{ROLES["Microsoft.KeyVault/vaults"]}"'
MISTAKES = {
    "swapped digits": (
        VAULT,
        SECRETS_USER,
        SECRETS_USER.replace("-b874-", "-874b-"),
        "874b-0445c86b69e6 is assigned on",
    ),
    "the role of another resource": (
        VAULT,
        SECRETS_USER,
        f'roleDefinitions/{EXECUTOR}"',
        f"{EXECUTOR} is assigned on Micr",
    ),
    "a role with too many rights": (
        DEFAULT,
        f'roleDefinitions/{EXECUTOR}"',
        f'roleDefinitions/{OWNER}"',
        f"{OWNER} is as",
    ),
    "a role on another resource": (
        DEFAULT,
        "/providers/Microsoft.Insights/components/appi-dfqxdsxpgjsio/providers/Microsoft.Authorization",
        "/providers/Microsoft.Authorization",
        "the app gets no role on Microsoft.Insights/components",
    ),
    "a missing principal type": (
        DEFAULT,
        ',\n        "principalType": "ServicePrincipal"',
        "",
        "needs principalType: 'ServicePrincipal'",
    ),
    "a role of the deployer on storage": (
        DEFAULT,
        "Microsoft.App/sessionPools/pooldfqxdsxpgjsio/providers/Microsoft.Authorization",
        "Microsoft.Storage/storageAccounts/stdfqxdsxpgjsio/providers/Microsoft.Authorization",
        "the deployer gets a role on Microsoft.Storage/storageAccounts",
    ),
    "more than downloading images": (
        NEW_ACCOUNT,
        f'roleDefinitions/{PULL}"',
        f'roleDefinitions/{CONTRIBUTOR}"',
        f"{CONTRIBUTOR} is assigned on Microsoft.ContainerRegistry/registries",
    ),
    "a model without its role": (
        NEW_ACCOUNT,
        "/providers/Microsoft.CognitiveServices/accounts/oai-v24wm24qnzfcq', 'Microsoft.Authorization",
        "', 'Microsoft.Authorization",
        "the app gets no role on Microsoft.CognitiveServices/accounts",
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_found(is_found, mistake):
    """Otherwise it would only be noticed in a deployment."""
    is_found(*MISTAKES[mistake])


@pytest.mark.parametrize(
    ("scenario", "roles"), [("default", 1), ("existing_pool", 1), ("deployer_without_role", 0), ("everything", 0)]
)
def test_the_deployer_gets_a_role_unless_it_is_declined(compiled, scenario, roles):
    """DEPLOYER_MAY_EXECUTE=false leaves the app alone with a role on the pool."""
    assignments = compiled.snapshots[scenario].of_type("Microsoft.Authorization/roleAssignments")
    principals = [assignment["properties"]["principalId"] for assignment in assignments]
    assert len([principal for principal in principals if not is_expression(principal)]) == roles

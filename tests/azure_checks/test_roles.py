"""The app gets the role that it needs on each resource, and no other role is assigned."""

import pytest

from azure_checks.compiled import is_expression
from azure_checks.roles import ACCOUNT_OF_FILES, FILES, ROLES, SOURCE

DEFAULT = "infra/scenarios/default.snapshot.json"
IMPORTS_ELSEWHERE = "infra/scenarios/imports_elsewhere.snapshot.json"
EVERYTHING = "infra/scenarios/everything.snapshot.json"
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
    "a container that the app cannot write to": (
        EVERYTHING,
        f'roleDefinitions/{ROLES[FILES]}"',
        f'roleDefinitions/{ROLES[SOURCE]}"',
        "the app gets no role on the container files of FILES_CONTAINER_URL",
    ),
    "URLs that the app cannot sign": (
        DEFAULT,
        f'roleDefinitions/{ROLES[ACCOUNT_OF_FILES]}"',
        f'roleDefinitions/{ROLES["Microsoft.Storage/storageAccounts"]}"',
        "the app gets no role on the storage account of files",
    ),
    "a container elsewhere that the app cannot read": (
        IMPORTS_ELSEWHERE,
        "containers/sales-data', 'Microsoft.Authorization/roleAssignments'",
        "containers/other', 'Microsoft.Authorization/roleAssignments'",
        "the app gets no role on the container sales-data of IMPORT_CONTAINER_URLS",
    ),
    "a role on another container": (
        IMPORTS_ELSEWHERE,
        "containers/sales-data', 'Microsoft.Authorization/roleAssignments'",
        "containers/other', 'Microsoft.Authorization/roleAssignments'",
        f"the role {ROLES[SOURCE]} is assigned on another container",
    ),
    "a deployer who reads the files of all callers": (
        DEFAULT,
        "containers/imports/providers/Microsoft.Authorization",
        "containers/files/providers/Microsoft.Authorization",
        "the deployer gets a role on the container of files",
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
    ("scenario", "roles"),
    [
        ("default", 2),
        ("existing_pool", 2),
        ("deployer_without_role", 1),
        ("without_files_storage", 1),
        ("everything", 0),
    ],
)
def test_the_deployer_gets_a_role_unless_it_is_declined(compiled, scenario, roles):
    """On the pool, unless DEPLOYER_MAY_EXECUTE is false; on the container `imports`, unless DEPLOYER_MAY_UPLOAD is."""
    assignments = compiled.snapshots[scenario].of_type("Microsoft.Authorization/roleAssignments")
    principals = [assignment["properties"]["principalId"] for assignment in assignments]
    assert len([principal for principal in principals if not is_expression(principal)]) == roles

"""A role is the one that its name says."""

import pytest

VAULT = "infra/vault.bicep"
ACCESS = "infra/pool_access.bicep"
ID = "0fb8eba5-a2bb-4abe-b1c1-49dfad359bb0"
MISTAKES = {
    "digits that are swapped": (VAULT, "-b874-", "-874b-", "secretsUserRole is not the ID"),
    "the ID of another role": (VAULT, "4633458b-17de-408a-b874-0445c86b69e6", ID, "secretsUserRole is not the ID"),
    "a name that is not known": (ACCESS, "var sessionExecutorRole", "var ownerRole", "ownerRole is not the ID"),
    "an ID without a name": (
        ACCESS,
        "roleDefinitions', sessionExecutorRole",
        f"roleDefinitions', '{ID}'",
        "stands alone",
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_found(is_found, mistake):
    """It would come out in a deployment alone."""
    is_found(*MISTAKES[mistake])

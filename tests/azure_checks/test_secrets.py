"""No secret stands in a template or leaves it."""

import pytest

RESOURCES = "infra/resources.bicep"
MAIN = "infra/main.bicep"
MISTAKES = {
    "a secret as it is": (
        RESOURCES,
        "keyInVault : signingKey\n",
        "keyInVault : 'c2VjcmV0'\n",
        "SIGNING_KEY is written as it is",
    ),
    "a setting that is a plain secret": (
        RESOURCES,
        "SIGNING_KEY: keyVaultEnabled ? keyInVault : signingKey\n",
        "SIGNING_KEY: 'correct horse'\n",
        "SIGNING_KEY is written as it is",
    ),
    "a connection string": (RESOURCES, "'Disabled'\n", "'x;AccountKey=a'\n", "a text looks like a secret"),
    "a secret parameter that is not secure": (MAIN, "@secure()\n@minLength", "@minLength", "must be @secure()"),
    "a secret as a default": (MAIN, "signingKeyPrevious string = ''", "signingKeyPrevious string = 'x'", "as its def"),
    "a secret as an output": (MAIN, "= resources.outputs.connectorAuth", "= signingKey", "would show a secret"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_found(is_found, mistake):
    """A secret that could be read is a finding."""
    is_found(*MISTAKES[mistake])

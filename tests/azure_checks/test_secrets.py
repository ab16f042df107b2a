"""No secret is written in a template or returned by it."""

import pytest

from azure_checks.secrets import findings_in_template

DEFAULT = "infra/scenarios/default.snapshot.json"
MAIN = "infra/main.json"
SIGNING_KEY = '"SIGNING_KEY": "[parameters(\'signingKey\')]"'
LOCATION = '"AZURE_LOCATION": {\n      "type": "string",\n      "value": "[parameters(\'location\')]"'
MISTAKES = {
    "a secret as a setting": (
        DEFAULT,
        SIGNING_KEY,
        '"SIGNING_KEY": "c2VjcmV0"',
        "SIGNING_KEY of the Microsoft.Web/sites",
    ),
    "a password as a setting": (
        DEFAULT,
        SIGNING_KEY,
        '"SIGNING_KEY": "correct horse"',
        "SIGNING_KEY of the Microsoft.Web",
    ),
    "a connection string": (
        DEFAULT,
        '"ftpsState": "Disabled"',
        '"ftpsState": "x;AccountKey=a"',
        "ftpsState of the Mic",
    ),
    "a key that is read from a resource": (
        DEFAULT,
        '"RICH_RESULTS": ""',
        "\"RICH_RESULTS\": \"[listKeys('/subscriptions/x', '2025-06-01').keys[0].value]\"",
        "RICH_RESULTS of the Microsoft.Web/sites/config is a secret",
    ),
    "random text": (
        DEFAULT,
        '"RICH_RESULTS": ""',
        f'"RICH_RESULTS": "{"a1" * 16}"',
        "RICH_RESULTS of the Microsoft.We",
    ),
    "a key as a variable of a container": (
        "examples/autogen_web_api/infra/scenarios/web_inside.snapshot.json",
        '"secretRef": "connector-key"',
        '"value": "[parameters(\'openAiApiKey\')]"',
        "the variable CONNECTOR_KEY of web-abcdefghijklm is a secret: refer to it",
    ),
    "a plain secret of a container app": (
        "examples/autogen_web_api/infra/scenarios/web_inside.snapshot.json",
        '"value": "[parameters(\'openAiApiKey\')]"',
        f'"value": "{"a1" * 16}"',
        "value of the Microsoft.App/containerApps is a secret",
    ),
    "a parameter that is not secure": (
        MAIN,
        '"type": "securestring"',
        '"type": "string"',
        "signingKey must be @secure()",
    ),
    "a default of a secure parameter": (
        MAIN,
        '"type": "securestring",\n      "defaultValue": ""',
        '"type": "securestring",\n      "defaultValue": "x"',
        "signingKeyPrevious must not have a default",
    ),
    "an output": (
        MAIN,
        LOCATION,
        LOCATION.replace("parameters('location')", "parameters('signingKey')"),
        "the output AZURE_LOCATION returns a secret",
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_found(is_found, mistake):
    """A readable secret is named."""
    is_found(*MISTAKES[mistake])


def test_a_secret_in_an_output_of_a_module_is_found(is_found):
    """Azure shows the outputs of modules in its list of deployments, also what goes through a variable."""
    old = '"value": "[variables(\'connectorAuth\')]"'
    is_found(
        MAIN, old, old.replace("connectorAuth", "hasSigningKeyPrevious"), "the output connectorAuth returns a secret"
    )


def test_a_secret_in_a_loop_of_outputs_is_found():
    """Such an output has an input for each item instead of a value."""
    output = {"type": "array", "copy": {"count": 2, "input": "[parameters('signingKey')]"}}
    template = {"parameters": {"signingKey": {"type": "securestring"}}, "resources": [], "outputs": {"each": output}}
    assert list(findings_in_template(template)) == ["main: the output each returns a secret"]

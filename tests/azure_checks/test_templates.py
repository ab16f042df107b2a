"""The templates are in order, and every kind of mistake in them is found."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from azure_checks.expressions import Items, Node, Object, children
from azure_checks.template import Template, read
from azure_checks.templates import findings

ROOT = Path(__file__).resolve().parents[2]


def nodes(template: Template) -> Iterator[Node]:
    stack = template.expressions()
    while stack:
        node = stack.pop()
        stack += children(node)
        yield node


def test_nothing_is_wrong_with_the_templates():
    """infra/ and azure.yaml pass all that can be checked without Azure."""
    assert findings(ROOT) == []


def test_sign_in_lets_pass_what_needs_no_key():
    """With Entra sign-in, App Service asks for no token where function_app.py asks for no key, and nowhere else."""
    app = (ROOT / "function_app.py").read_text(encoding="utf-8")
    routes = re.findall(r'@app\.route\("([^"]+)"[^)]*ANONYMOUS', app)
    template = read(ROOT / "infra" / "resources.bicep")
    (paths,) = (node for node in nodes(template) if isinstance(node, Object) and node.get("excludedPaths"))
    excluded = paths.get("excludedPaths")
    assert isinstance(excluded, Items)
    expected = {"/api/" + re.sub(r"\{\w+\}", "*", route) for route in routes}
    assert {getattr(item, "literal", None) for item in excluded.items} == expected


RESOURCES, MAIN = "infra/resources.bicep", "infra/main.bicep"
MISTAKES = {
    "a misspelt property": (RESOURCES, "poolManagementType", "poolManagmentType", "is poolManagementType meant?"),
    "a property in other letters": ("infra/network.bicep", "groupIds", "groupIDs", "is written groupIds"),
    "a value that is none of an enumeration's": (RESOURCES, "'PythonLTS'", "'PythonLts'", "must be one of"),
    "such a value in a choice": (RESOURCES, "'Disabled' : 'Enabled'", "'Disabled' : 'On'", "may be 'On'"),
    "a missing property": (RESOURCES, "  location: location\n", "", "identity lacks location"),
    "a property that can only be read": (RESOURCES, "reserved: true", "status: 'Ready'", "can only be read"),
    "a text for a whole number": (RESOURCES, "Sessions: maxConcurrentSessions", "Sessions: '5'", "must be an int"),
    "a parameter of another type": (RESOURCES, "Sessions: maxConcurrentSessions", "Sessions: location", "an int"),
    "a text for a boolean": (RESOURCES, "httpsOnly: true", "httpsOnly: 'true'", "must be a bool"),
    "a version that is not known": (RESOURCES, "sessionPools@2025-07-01", "sessionPools@2025-07-02", "has no Micro"),
    "a kind of configuration that is not there": (RESOURCES, "'appsettings'", "'appsetings'", "settings.name must be"),
    "a symbol that is not there": (RESOURCES, "split(existingPoolId", "split(existngPoolId", "called existngPoolId"),
    "a symbol inside a text": (RESOURCES, "'st${nameSuffix}'", "'st${nameSufix}'", "nothing is called nameSufix"),
    "a function that is not there": (MAIN, "uniqueString(", "uniqeString(", "no function is called uniqeString"),
    "a property that cannot be read": (RESOURCES, "properties.clientId", "properties.clientID", "there is no clientID"),
    "a member that a loop's items lack": ("infra/alerts.bicep", "rule.more", "rule.less", "there is no less"),
    "a module's parameter that is not there": (MAIN, "alertEmail: alert", "alertMail: alert", "alertEmail meant?"),
    "a module's parameter that is missing": (MAIN, "    alertEmail: alertEmail\n", "", "lacks alertEmail"),
    "a module's parameter of another type": (MAIN, "    tags: tags\n    n", "    tags: 1\n    n", "an int, and"),
    "a module's output that is not there": (
        RESOURCES,
        "outputs.poolManagementE",
        "outputs.poolE",
        "is no poolEndpoint",
    ),
    "a module that is not there": (MAIN, "'resources.bicep'", "'resource.bicep'", "there is no file resource.bicep"),
    "a module without its scope": (MAIN, "  scope: group\n", "", "resources has no scope"),
    "a parameter that nothing uses": (MAIN, "alertEmail: alertEmail", "alertEmail: ''", "alertEmail is not used"),
    "a default of another type": (MAIN, "bool = false", "bool = 'false'", "is a string, and must be a bool"),
    "a declaration that is there twice": (RESOURCES, "resource logs ", "resource plan ", "plan is declared twice"),
    "an output of another type": (MAIN, "CONNECTOR_URL string", "CONNECTOR_URL int", "a string, and must be an int"),
    "an object that does not end": (RESOURCES, "tags: tags\n}", "tags: tags\n", ": expected, and there is"),
    "a text that does not end": (RESOURCES, "'st${nameSuffix}'", "'st${nameSuffix}", "does not end"),
    "a setting that nobody reads": (RESOURCES, "RICH_RESULTS:", "RICH_RESULT:", "RICH_RESULT is written"),
    "a setting that is not written": (RESOURCES, "    RICH_RESULTS: richResults\n", "", "RICH_RESULTS is read by"),
    "threads of another number": (RESOURCES, "string(callsPerInstance)", "string(alwaysReadyInstances)", "one param"),
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
    "a secret parameter that is not secure": (MAIN, "@secure()\n@minLength", "@minLength", "must be @secure()"),
    "a secret as a default": (MAIN, "signingKeyPrevious string = ''", "signingKeyPrevious string = 'x'", "as its def"),
    "a secret as an output": (MAIN, "= resources.outputs.connectorAuth", "= signingKey", "would show a secret"),
    "a name that is too long": (RESOURCES, "'st${nameSuffix}'", "'storage-${nameSuffix}'", "storage would be called"),
    "an azd variable that fills in nothing": ("infra/main.parameters.json", '"alertEmail"', '"alertMail"', "alertMail"),
    "a value that is no variable": ("infra/main.parameters.json", '"${ALERT_EMAIL=}"', '"me@x.example"', "everybody"),
    "another default than the template's": ("infra/main.parameters.json", "_SESSIONS=20", "_SESSIONS=30", "'20' in"),
    "a default that is no number": ("infra/main.parameters.json", "_SESSIONS=20", "_SESSIONS=few", "a whole number"),
    "a service without its app": ("azure.yaml", "  connector:", "  api:", "the service api has no resource"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_found(findings_with, mistake):
    """One wrong place in a template that was in order is a finding that tells what is wrong there."""
    file, old, new, told = MISTAKES[mistake]
    found = findings_with(file, old, new)
    assert any(told in finding for finding in found), found

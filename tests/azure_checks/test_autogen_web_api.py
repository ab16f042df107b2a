"""The container app of the AutoGen web API: what its template sets is what the app reads, and it is one app alone."""

import re
from pathlib import Path

import pytest

from azure_checks.compiled import Compiled, Json, is_expression
from examples.autogen_web_api.deployment.settings import CALLERS, DEPLOYMENT_OF_A_NEW_ACCOUNT, MODEL_SETTINGS
from examples.autogen_web_api.settings import AzureOpenAI, OpenAI, Settings, read_settings

INFRA = Path(__file__).resolve().parents[2] / "examples" / "autogen_web_api" / "infra"
SCENARIOS = ["web_addresses", "web_inside", "web_sign_in"]
CONNECTOR_URL = "https://func-connector.azurewebsites.net/api"


def container_app(autogen: Compiled, scenario: str) -> Json:
    """Its properties."""
    (app,) = autogen.snapshots[scenario].of_type("Microsoft.App/containerApps")
    properties: Json = app["properties"]
    return properties


def settings(app: Json) -> Settings:
    """As the app reads its variables. What only Azure knows is `known to Azure`, a secret is its name."""
    (container,) = app["template"]["containers"]
    secrets = {secret["name"] for secret in app["configuration"]["secrets"]}
    variables = {}
    for variable in container["env"]:
        if "secretRef" in variable:
            assert variable["secretRef"] in secrets
        value = variable.get("secretRef", variable.get("value"))
        variables[variable["name"]] = "known to Azure" if is_expression(value) else value
    return read_settings(variables)


@pytest.mark.parametrize(
    ("scenario", "expected"),
    [
        (
            "web_inside",
            Settings(
                connector_url=CONNECTOR_URL,
                connector_key="connector-key",
                client_id="known to Azure",
                model=OpenAI("gpt-5-mini", "openai-api-key"),
            ),
        ),
        (
            "web_addresses",
            Settings(
                connector_url=CONNECTOR_URL,
                connector_audience="api://33333333-3333-3333-3333-333333333333",
                client_id="known to Azure",
                model=AzureOpenAI("https://models.openai.azure.com/", "gpt", "2025-04-01-preview"),
            ),
        ),
        (
            "web_sign_in",
            Settings(
                connector_url=CONNECTOR_URL,
                connector_key="connector-key",
                client_id="known to Azure",
                model=OpenAI("a-model", "openai-api-key", "https://models.contoso.com/v1"),
            ),
        ),
    ],
)
def test_the_app_reads_what_the_template_sets(autogen, scenario, expected):
    """A name that is wrong in one of the two would only be noticed in a deployment."""
    assert settings(container_app(autogen, scenario)) == expected


def test_there_are_no_secrets_but_those_that_are_used(autogen):
    """With Entra ID for the connector and for the model, the app has no key at all."""
    names = {
        scenario: [secret["name"] for secret in container_app(autogen, scenario)["configuration"]["secrets"]]
        for scenario in SCENARIOS
    }
    with_a_key = ["connector-key", "openai-api-key"]
    assert names == {"web_addresses": [], "web_inside": with_a_key, "web_sign_in": with_a_key}


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_conversations_stay_in_one_replica(autogen, scenario):
    """They are in its memory. It ends no earlier than the app forgets an idle conversation."""
    app = container_app(autogen, scenario)
    assert app["template"]["scale"]["maxReplicas"] == 1
    assert app["template"]["scale"]["cooldownPeriod"] >= settings(app).idle_seconds
    assert app["configuration"]["activeRevisionsMode"] == "Single"


@pytest.mark.parametrize(
    ("scenario", "external", "ranges", "signs_in"),
    [
        ("web_inside", False, [], False),
        ("web_addresses", True, ["203.0.113.7/32", "198.51.100.0/24"], False),
        ("web_sign_in", True, [], True),
    ],
)
def test_who_may_call(autogen, scenario, external, ranges, signs_in):
    """Nobody outside of the environment, unless addresses or a sign-in are given."""
    ingress = container_app(autogen, scenario)["configuration"]["ingress"]
    (sign_in,) = autogen.snapshots[scenario].of_type("Microsoft.App/containerApps/authConfigs")
    assert ingress["external"] is external
    assert [rule["ipAddressRange"] for rule in ingress["ipSecurityRestrictions"]] == ranges
    assert {rule["action"] for rule in ingress["ipSecurityRestrictions"]} <= {"Allow"}
    assert sign_in["properties"]["platform"]["enabled"] is signs_in


def test_a_new_account_has_the_deployment_that_the_app_calls(autogen):
    """The name is in the template and in the command."""
    (deployment,) = autogen.snapshots["new_account"].of_type("Microsoft.CognitiveServices/accounts/deployments")
    assert deployment["name"].endswith(f"/{DEPLOYMENT_OF_A_NEW_ACCOUNT}")
    assert deployment["properties"]["model"] == {"format": "OpenAI", "name": "gpt-5-mini", "version": "2025-08-07"}


@pytest.mark.parametrize(
    ("scenario", "scopes"),
    [
        ("openai", ["registries"]),
        ("existing_account", ["registries", "accounts"]),
        ("new_account", ["registries", "accounts"]),
    ],
)
def test_roles(autogen, scenario, scopes):
    """Download images, and call the model if it is one of Azure. No role on the connector or its pool."""
    assignments = autogen.snapshots[scenario].of_type("Microsoft.Authorization/roleAssignments")
    assigned_on = [match[1] for each in assignments if (match := re.search(r"/(registries|accounts)/", each["id"]))]
    assert sorted(assigned_on) == sorted(scopes) and len(assignments) == len(scopes)


@pytest.mark.parametrize("name", [*MODEL_SETTINGS, *CALLERS, "CONNECTOR_NAME", "CONNECTOR_AUDIENCE", "CONNECTOR_URL"])
def test_a_template_takes_what_the_command_sets(autogen, name):
    """In one of the two files of parameters."""
    files = [INFRA / f"{template}.parameters.json" for template in autogen.templates]
    assert any(f'"${{{name}' in file.read_text(encoding="utf-8") for file in files)

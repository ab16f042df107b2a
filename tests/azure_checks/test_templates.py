"""The templates are in order, and every kind of mistake in them is found."""

import json
import logging
import re
from pathlib import Path

import azure.functions as func
import pytest

from azure_checks.templates import findings
from connector import errors
from connector.app import Connector

ROOT = Path(__file__).resolve().parents[2]


def test_nothing_is_wrong_with_the_templates():
    """infra/ and azure.yaml pass all that can be checked without Azure."""
    assert findings(ROOT) == []


def test_the_platforms_own_sign_in_refuses_nothing_that_comes_without_a_token():
    """Polls and uploads have a token of their own in their address. It is off unless asked for, and goes off again."""
    text = (ROOT / "infra" / "resources.bicep").read_text()
    assert "var platformSignIn = platformSignInEnabled && !empty(entraClientId)" in text
    assert "resource signIn 'Microsoft.Web/sites/config@2024-11-01' = {" in text and "enabled: platformSignIn" in text
    assert "requireAuthentication: false" in text and "unauthenticatedClientAction: 'AllowAnonymous'" in text
    assert "param platformSignInEnabled bool = false" in (ROOT / "infra" / "main.bicep").read_text()


def test_alerts_look_for_errors_that_the_connector_has(caplog):
    """They look at the end of the line that it logs for each call, and no such line is left out of the log."""
    with caplog.at_level(logging.INFO):
        Connector({}).answer("CheckConnection", func.HttpRequest("GET", "/api/connection", body=b""))
    assert caplog.messages[-1].endswith(", InternalError)")

    queries = re.findall(r"query: '(.*)'", (ROOT / "infra" / "alerts.bicep").read_text())
    codes = re.findall(r'traces \| where message endswith ", (\w+)\)"', "\n".join(queries))
    assert codes and len(codes) == sum("traces" in query for query in queries)
    assert all(issubclass(getattr(errors, code), errors.ConnectorError) for code in codes)
    sampling = json.loads((ROOT / "host.json").read_text())["logging"]["applicationInsights"]["samplingSettings"]
    assert {"Request", "Trace"} <= set(sampling["excludedTypes"].split(";"))


RESOURCES = "infra/resources.bicep"
MISTAKES = {
    "a declaration that is there twice": (RESOURCES, "resource logs ", "resource plan ", "plan is declared twice"),
    "an object that does not end": (RESOURCES, "tags: tags\n}", "tags: tags\n", ": expected, and there is"),
    "a text that does not end": (RESOURCES, "'st${nameSuffix}'", "'st${nameSuffix}", "does not end"),
    "a service without its app": ("azure.yaml", "  connector:", "  api:", "the service api has no resource"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_found(is_found, mistake):
    """A file that cannot be read is a finding, and so is a service without its app."""
    is_found(*MISTAKES[mistake])

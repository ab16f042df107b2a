"""infra/ and azure.yaml pass every check."""

import json
import logging
import re
import shutil
from pathlib import Path

import azure.functions as func
import pytest
import yaml

from azure_checks.checks import findings
from azure_checks.projects import projects
from connector import errors
from connector.app import Connector

ROOT = Path(__file__).resolve().parents[2]
DEFAULT = "infra/scenarios/default.snapshot.json"


@pytest.mark.parametrize(("project", "folder"), [*projects(ROOT)])
def test_the_templates_pass_all_checks(project, folder):
    """infra/ and azure.yaml have no mistakes that can be found without Azure."""
    assert findings(project) == [], folder


def test_a_service_without_an_app_is_found(is_found):
    """azd would not find the app to which it deploys the code."""
    is_found("azure.yaml", "  connector:", "  api:", "the service api has no resource with the tag")


def test_an_app_without_its_tag_is_found(is_found):
    """The tag must be deployed in every scenario."""
    is_found(DEFAULT, '"azd-service-name"', '"azd-service"', "the service connector has no resource with the tag")


def test_an_app_of_a_service_without_its_tag_is_found(is_found):
    """The template of the service deploys it, main.bicep does not."""
    snapshot = "examples/autogen_web_api/infra/scenarios/web_inside.snapshot.json"
    is_found(snapshot, '"azd-service-name"', '"azd-service"', "the service web has no resource with the tag")


def test_a_finding_names_the_scenarios(is_found):
    """Each finding is reported once, with the scenarios that it was made in."""
    is_found(DEFAULT, '"PythonLTS"', '"Python"', "infra/scenarios/default: properties.containerType")


@pytest.mark.parametrize("content", ["", "{", None])
def test_a_compiled_file_that_cannot_be_read_is_found(tmp_path, content):
    """The finding states how to write it again."""
    shutil.copytree(ROOT / "infra", tmp_path / "infra")
    shutil.copy(ROOT / "azure.yaml", tmp_path)
    (tmp_path / DEFAULT).unlink()
    if content is not None:
        (tmp_path / DEFAULT).write_text(content)
    (finding,) = findings(tmp_path)
    assert "Run `make template`" in finding


def test_azure_yaml_names_the_template():
    """azd reports name and version of a template with what it deploys."""
    project = re.search(r'^version = "(.+)"$', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    metadata = yaml.safe_load((ROOT / "azure.yaml").read_text())["metadata"]
    assert project and metadata["template"] == f"code-interpreter-connector@{project[1]}"


def test_the_workflow_installs_the_compiler_of_main_json(compiled):
    """Another version could compile infra/ differently, and report main.json as stale."""
    installed = re.search(r"az bicep install --version v(\S+)", (ROOT / ".github/workflows/connector.yml").read_text())
    assert installed and compiled.template["metadata"]["_generator"]["version"].startswith(f"{installed[1]}.")


def test_app_service_sign_in_is_off_unless_it_is_enabled(compiled):
    """It is deployed also when it is off: otherwise a deployment would leave it on."""
    enabled = {
        scenario: snapshot.site_config("authsettingsV2")["platform"]["enabled"]
        for scenario, snapshot in compiled.snapshots.items()
    }
    assert {scenario for scenario in enabled if enabled[scenario]} == {"app_service_sign_in", "everything"}
    parameters = compiled.template["parameters"]
    assert parameters["platformSignInEnabled"]["defaultValue"] is False


def test_app_service_sign_in_rejects_no_request_without_a_token(compiled):
    """Polls and uploads carry a separate token in the URL."""
    for snapshot in compiled.snapshots.values():
        validation = snapshot.site_config("authsettingsV2")["globalValidation"]
        assert validation == {"requireAuthentication": False, "unauthenticatedClientAction": "AllowAnonymous"}


def test_alerts_look_for_errors_that_the_connector_has(caplog, compiled):
    """They look at the record that it logs for each request, and no such record is excluded from the log."""
    with caplog.at_level(logging.INFO):
        Connector({}).respond("CheckConnection", func.HttpRequest("GET", "/api/connection", body=b""))
    assert caplog.messages[-1].startswith('{"record":"request"')
    assert json.loads(caplog.messages[-1])["code"] == "InternalError"

    rules = compiled.snapshots["alerts"].of_type("Microsoft.Insights/scheduledQueryRules")
    queries = [condition["query"] for rule in rules for condition in rule["properties"]["criteria"]["allOf"]]
    records = re.escape("""traces | where message startswith '{"record":"request"' | where tostring""")
    of_codes = records + r'\(parse_json\(message\)\.code\) (?:== |in \()("\w+"(?:, "\w+")*)'
    looked_for = re.findall(of_codes, "\n".join(queries))
    assert looked_for and len(looked_for) == sum("traces" in query for query in queries)
    codes = re.findall(r"\w+", " ".join(looked_for))
    assert all(issubclass(getattr(errors, code), errors.ConnectorError) for code in codes)
    sampling = json.loads((ROOT / "host.json").read_text())["logging"]["applicationInsights"]["samplingSettings"]
    assert {"Request", "Trace"} <= set(sampling["excludedTypes"].split(";"))

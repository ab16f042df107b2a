"""The cloud flows have the form of exported ones, call operations that exist, and hide what is secret."""

import json
import re
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from connector.contract.documents import Documents
from connector.contract.validation import read_document
from connector_package import connector_solution
from connector_package.flow_solution import ALL_FLOWS
from workflow_player.diagram import mermaid
from workflow_player.flow import Action, Flow
from workflow_player.services.approvals import Approvals
from workflow_player.services.operations import Operation, Service
from workflow_player.services.outlook import Outlook
from workflow_player.services.sharepoint import SharePoint
from workflow_player.services.swagger import operations_of

FLOWS = {flow.folder: Flow.read(flow.source) for flow in ALL_FLOWS}
SERVICES: dict[str, Service] = {
    "codeinterpreter": Service(
        "codeinterpreter", operations_of(Documents(read_document()).makers("https://my-app.azurewebsites.net/api"))
    ),
    "sharepointonline": SharePoint(Path("nowhere")),
    "office365": Outlook(),
    "approvals": Approvals(),
}
AUTHENTICATION = "@parameters('$authentication')"
STATUSES = {"Succeeded", "Failed", "Skipped", "TimedOut"}
RETURNS_NO_SECRET = {"EndSession"}


@pytest.fixture(params=FLOWS)
def flow(request: pytest.FixtureRequest) -> Flow:
    return FLOWS[request.param]


def calls(flow: Flow) -> Iterator[tuple[str, Any, Operation]]:
    """Every trigger and action with a connection: its name, its definition, and its operation."""
    actions = {name: action.definition for name, action in flow.all_actions().items()}
    for name, definition in {**flow.triggers, **actions}.items():
        if definition["type"].startswith("OpenApi"):
            host = definition["inputs"]["host"]
            yield name, definition, SERVICES[flow.connections[host["connectionName"]]].by_id(host["operationId"])


def test_calls_are_those_of_operations(flow):
    """Each parameter is one of the operation's, and none that it requires is missing, in every branch."""
    found = 0
    for name, definition, operation in calls(flow):
        given = definition["inputs"]["parameters"]
        needed = set()
        for parameter in operation.parameters:
            if parameter.location != "body" or "properties" not in parameter.schema:
                needed |= {parameter.name} if parameter.required else set()
                continue
            required = parameter.schema.get("required", [])
            needed |= {f"{parameter.name}/{member}" for member in required}
        known = {parameter.name for parameter in operation.parameters} | {
            f"{parameter.name}/{member}"
            for parameter in operation.parameters
            for member in parameter.schema.get("properties", {})
        }
        assert needed <= set(given) <= known, name
        found += 1
    assert found > 8


def test_form_is_that_of_exported_flows(flow):
    """References, hosts, authentication, metadata and statuses are written as solutions have them."""
    document = json.loads(flow.path.read_text(encoding="utf-8"))
    assert document["schemaVersion"] == "1.0.0.0"
    assert document["properties"]["definition"]["parameters"].keys() >= {"$connections", "$authentication"}
    references = document["properties"]["connectionReferences"]
    used = set()
    for name, definition, operation in calls(flow):
        inputs = definition["inputs"]
        api = inputs["host"]["connectionName"]
        used.add(api)
        is_custom = api == connector_solution.API_NAME
        assert inputs["host"]["apiId"] == ("" if is_custom else f"/providers/Microsoft.PowerApps/apis/{api}"), name
        assert inputs["authentication"] == AUTHENTICATION, name
        assert definition["type"] == ("OpenApiConnectionWebhook" if operation.webhook else "OpenApiConnection"), name
    assert used == set(references)
    schedules = [each["recurrence"] for each in flow.triggers.values() if each["type"] == "Recurrence"]
    assert all("startTime" in each for each in schedules)  # without one, a flow also runs when it is turned on
    assert {reference["runtimeSource"] for reference in references.values()} == {"embedded"}
    actions = [action.definition for action in flow.all_actions().values()]
    ids = [each["metadata"]["operationMetadataId"] for each in [*actions, *flow.triggers.values()]]
    assert len(set(ids)) == len(ids) and all(uuid.UUID(each) for each in ids)
    assert {status for each in actions for statuses in each["runAfter"].values() for status in statuses} <= STATUSES


def test_expressions_name_what_exists(flow):
    """Actions and parameters in expressions are those of the flow."""
    actions = flow.all_actions()
    named = [
        (function, name)
        for text in flow.expressions()
        for function, name in re.findall(r"\b(body|outputs|items|parameters)\('([^']*)'\)", text)
    ]
    assert len(named) > 10
    for function, name in named:
        assert name in (flow.parameters if function == "parameters" else actions), (function, name)


def secured(definition: Any) -> set[str]:
    return set(definition.get("runtimeConfiguration", {}).get("secureData", {}).get("properties", []))


def test_secrets_are_hidden_in_the_run_history(flow):
    """Session IDs, links, download URLs, and files are neither in inputs nor in outputs that are shown."""
    for name, definition, operation in calls(flow):
        hidden = secured(definition)
        if flow.connections[definition["inputs"]["host"]["connectionName"]] == "codeinterpreter":
            assert "inputs" in hidden, name
            assert "outputs" in hidden or operation.operation_id in RETURNS_NO_SECRET, name
        elif operation.operation_id in ("HttpRequest", "GetFileContent"):
            assert "outputs" in hidden, name
        elif operation.operation_id == "SendEmailV2":
            assert "inputs" in hidden, name
    actions: dict[str, Action] = flow.all_actions()
    for name in ("Session_ID", "Result"):
        assert secured(actions[name].definition) == {"inputs"}, name
    for name in {"Totals", "Rows", "Findings"} & actions.keys():
        assert secured(actions[name].definition) == {"inputs", "outputs"}, name


def test_notes_fit(flow):
    """Each trigger and the steps that are not plain have a note, of at most 256 characters."""
    actions = [action.definition for action in flow.all_actions().values()]
    notes = [each["description"] for each in [*flow.triggers.values(), *actions] if "description" in each]
    assert len(notes) > 8 and max(map(len, notes)) <= 256


def test_readme_has_the_diagram(flow):
    """As the player draws it of the flow."""
    readme = flow.path.with_name("README.md").read_text(encoding="utf-8")
    assert re.findall("```mermaid\n(.*?)```", readme, re.DOTALL) == [mermaid(flow)]


def test_code_is_not_in_the_flow(flow):
    """It comes from the library, and runs once, even if the step is repeated."""
    actions = flow.all_actions()
    run = actions["Run_code"].definition["inputs"]["parameters"]
    assert run["body/pythonCode"] == "@base64ToString(body('Get_code')?['$content'])"
    assert run["body/idempotencyKey"] == "@workflow()?['run']?['name']"
    assert "import " not in flow.path.read_text(encoding="utf-8")

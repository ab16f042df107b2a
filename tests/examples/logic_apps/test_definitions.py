"""The definitions of the flows: their form, what they name, which operations they call, and what they hide."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from connector.contract.documents import Documents
from connector.contract.validation import read_document
from tests.examples.logic_apps.flows import FOLDER, IN_STANDARD, PROJECT, files, read
from workflow_player.diagram import mermaid
from workflow_player.flow import Action, Flow
from workflow_player.order import run_order
from workflow_player.services.blob_storage import BlobStorage
from workflow_player.services.operations import Operation, Service
from workflow_player.services.outlook import Outlook
from workflow_player.services.sharepoint import SharePoint
from workflow_player.services.swagger import operations_of

MAKERS = Documents(read_document()).makers("https://app.example/api")
SCHEMA = read(Path(__file__).with_name("workflow.schema.json"))
FILES = [path for name in IN_STANDARD for path in files(name).values()]
EXPRESSION = re.compile(r"@\{(?:[^'}]|'[^']*')*\}")


@pytest.fixture(params=FILES, ids=lambda path: str(path.relative_to(FOLDER)))
def flow(request: pytest.FixtureRequest) -> Flow:
    return Flow.read(request.param)


@pytest.fixture(params=IN_STANDARD)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def services(tmp_path_factory) -> dict[str, Service]:
    """What each connector offers."""
    return {
        "codeinterpreter": Service("codeinterpreter", operations_of(MAKERS)),
        "office365": Outlook(),
        "sharepointonline": SharePoint(tmp_path_factory.mktemp("site")),
        "azureblob": BlobStorage(None),  # type: ignore[arg-type]  # nothing is read
    }


def calls(flow: Flow) -> dict[str, Action]:
    return {name: action for name, action in flow.all_actions().items() if action.type.startswith("ApiConnection")}


def operation_of(flow: Flow, services: dict[str, Service], definition: dict[str, Any]) -> Operation:
    inputs = definition["inputs"]
    connection = inputs["host"]["connection"]
    reference = connection.get("referenceName") or re.findall(r"\['(\w+)'\]\['connectionId'\]", connection["name"])[0]
    path = EXPRESSION.sub("x", inputs["path"])
    return services[flow.connections[reference]].by_path(inputs.get("method", "post"), path)


def test_flow_has_the_form_of_the_language(flow):
    """The file has the form that the workflow language and the designer require."""
    Draft202012Validator.check_schema(SCHEMA)
    Draft202012Validator(SCHEMA).validate(read(flow.path))


def test_actions_run_in_an_order(flow):
    """Actions run after others of the same level, without circles; no two have the same name."""
    run_order(flow.actions)
    for action in flow.all_actions().values():
        run_order(action.siblings)


def test_expressions_name_what_exists(flow):
    """Actions, loops and parameters in expressions are those of the flow."""
    actions = flow.all_actions()
    known = {
        "body": actions,
        "outputs": actions,
        "items": actions,
        "parameters": {**flow.parameters, "$connections": 0},
    }
    named = [
        call for text in flow.expressions() for call in re.findall(r"\b(\w+)\('([^']*)'\)", text) if call[0] in known
    ]
    assert {"body", "outputs", "parameters"} <= {function for function, _ in named}
    assert not [call for call in named if call[1] not in known[call[0]]]


def test_calls_are_operations_of_the_connectors(flow, services):
    """Method, path, queries and members of bodies are those of an operation; nothing that it requires is missing."""
    for name, action in calls(flow).items():
        operation = operation_of(flow, services, action.definition)
        inputs = action.definition["inputs"]
        queries = {parameter.name: parameter for parameter in operation.of_location("query")}
        assert inputs.get("queries", {}).keys() <= queries.keys(), name
        assert {found for found, parameter in queries.items() if parameter.required} <= inputs.get("queries", {}).keys()
        assert operation.webhook == (action.type == "ApiConnectionWebhook")
        for parameter in operation.of_location("body"):
            if parameter.schema.get("type") == "object":
                assert_members(inputs["body"], parameter.schema, name)


def assert_members(value: Any, schema: Any, place: str) -> None:
    """A body has only members of the schema, and all that are required."""
    if isinstance(value, dict) and "properties" in schema:
        assert value.keys() <= schema["properties"].keys(), place
        assert set(schema.get("required", [])) <= value.keys(), place
        for name, member in value.items():
            assert_members(member, schema["properties"][name], f"{place}.{name}")
    elif isinstance(value, list) and "items" in schema:
        for item in value:
            assert_members(item, schema["items"], f"{place}[]")


def test_trigger_is_one_of_its_connector(flow, services):
    """A trigger that polls a connector calls an operation of it that is a trigger."""
    ((_, trigger),) = flow.triggers.items()
    if trigger["type"] == "ApiConnection":
        assert operation_of(flow, services, trigger).trigger


def test_members_of_responses_exist(flow, services):
    """A member that an expression reads from a response of the connector is one of that response."""
    by_id = {operation["operationId"]: operation for item in MAKERS["paths"].values() for operation in item.values()}
    for text in flow.expressions():
        for name, member in re.findall(r"body\('(\w+)'\)\?\['(\w+)'\]", text):
            action = flow.all_actions()[name]
            if member == "error" or name not in calls(flow):
                continue
            if "codeinterpreter" not in json.dumps(action.definition["inputs"]["host"]):
                continue
            operation = operation_of(flow, services, action.definition)
            reference = by_id[operation.operation_id]["responses"]["200"]["schema"]["$ref"]
            members = MAKERS["definitions"][reference.rpartition("/")[2]]["properties"]
            assert member in members, text


def test_both_plans_have_the_same_flow(name):
    """The workflow of the Standard project differs only in how it names connections."""
    plans = {plan: read(path)["definition"] for plan, path in files(name).items()}
    plain = json.dumps({part: plans["consumption"][part] for part in ("triggers", "actions", "outputs")})
    named = re.sub(
        r'"name": "@parameters\(\'\$connections\'\)\[\'(\w+)\'\]\[\'connectionId\'\]"', r'"referenceName": "\1"', plain
    )
    assert json.loads(named) == {part: plans["standard"][part] for part in ("triggers", "actions", "outputs")}


def test_consumption_file_has_its_parameters_and_connections(name):
    """What is read has a value to replace, parameters and connections, without the name of anybody's tenant."""
    document = read(files(name)["consumption"])
    flow = Flow.read(files(name)["consumption"])
    declared = set(document["definition"]["parameters"]) - {"$connections"}
    assert declared == set(document["parameters"]) - {"$connections"}
    texts = list(flow.expressions())
    assert declared == {found for text in texts for found in re.findall(r"parameters\('(\w+)'\)", text)}
    used = {found for text in texts for found in re.findall(r"\['(\w+)'\]\['connectionId'\]", text)}
    assert used == set(flow.connections)
    for connection in document["parameters"]["$connections"]["value"].values():
        assert connection["connectionId"].startswith("/subscriptions/SUBSCRIPTION/resourceGroups/GROUP/")
    addresses = re.findall(r"[\w.-]+@[\w.-]+|https://[\w.-]+", json.dumps(document["parameters"]))
    assert all("YOUR-" in address for address in addresses)


def test_standard_project_has_what_its_workflows_use():
    """connections.json and parameters.json have exactly the connections and parameters of the three workflows."""
    flows = [Flow.read(files(name)["standard"]) for name in IN_STANDARD]
    used = {found for flow in flows for found in re.findall(r'"referenceName": "(\w+)"', json.dumps(flow.definition))}
    assert used == set(read(PROJECT / "connections.json")["managedApiConnections"])
    named = {
        found for flow in flows for text in flow.expressions() for found in re.findall(r"parameters\('(\w+)'\)", text)
    }
    assert named == set(read(PROJECT / "parameters.json"))


def test_secrets_are_hidden(flow):
    """Actions that send or return session IDs, links or contents hide them in the run history."""
    for name, action in flow.all_actions().items():
        hidden = action.definition.get("runtimeConfiguration", {}).get("secureData", {}).get("properties", [])
        inputs = json.dumps(action.definition.get("inputs", {}))
        if (
            re.search(r"Session_ID|fileUrl|Location|Get_(file|chart|checked_file)'|Run_code'|Result'", inputs)
            and name != "Get_run"
        ):
            assert "inputs" in hidden, name
        if name in ("Run_code", "Get_run", "Get_file", "Get_chart", "Get_checked_file", "Share_chart", "Import_file"):
            assert "outputs" in hidden, name


def test_code_runs_once_for_each_run(flow):
    """Every run of code has the name of the workflow's run as its idempotency key."""
    runs = [action for action in calls(flow).values() if action.definition["inputs"].get("path") == "/executions"]
    assert len(runs) == 1
    assert runs[0].definition["inputs"]["body"]["idempotencyKey"] == "@{workflow().run.name}"


def test_readme_has_every_step_and_parameter(name):
    """It names each action, trigger and parameter of the flow."""
    readme = (FOLDER / name / "README.md").read_text(encoding="utf-8")
    flow = Flow.read(files(name)["consumption"])
    of_recurrence = {found for found, trigger in flow.triggers.items() if trigger["type"] == "Recurrence"}
    wanted = {*flow.all_actions(), *flow.triggers, *flow.parameters} - {"$connections"} - of_recurrence
    assert not {word for word in wanted if f"`{word}`" not in readme}


def test_readme_shows_the_diagram(name):
    """It is that of `python -m workflow_player.diagram` for the flow."""
    readme = (FOLDER / name / "README.md").read_text(encoding="utf-8")
    assert f"```mermaid\n{mermaid(Flow.read(files(name)['consumption']))}```" in readme


def test_readme_of_the_project_has_every_setting():
    """It names each application setting, and the connections and parameters of each workflow."""
    readme = (PROJECT / "README.md").read_text(encoding="utf-8")
    settings = set(re.findall(r"appsetting\('(\w+)'\)", (PROJECT / "connections.json").read_text()))
    assert settings and not {setting for setting in settings if f"`{setting}`" not in readme}
    for name, workflow in IN_STANDARD.items():
        (row,) = re.findall(rf"^\| {workflow} \|.*$", readme, re.MULTILINE)
        document = read(files(name)["consumption"])["parameters"]
        words = set(re.findall(r"`(\w+)`", row))
        assert words == {*document["$connections"]["value"], *document} - {"$connections"}

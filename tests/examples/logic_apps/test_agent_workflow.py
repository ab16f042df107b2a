"""The agent workflow calls the connector as openapi.yaml defines, and returns a report."""

import json
import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from connector.contract.validation import Contract, Operation
from tests.conftest import Api, Emulator
from workflow_player.flow import Flow
from workflow_player.order import run_order
from workflow_player.player import Player
from workflow_player.results import Played
from workflow_player.services import code_interpreter
from workflow_player.services.acasession import AcaSession
from workflow_player.templates import expressions

ROOT = Path(__file__).resolve().parents[3]
EXAMPLE = ROOT / "examples" / "logic_apps" / "agent_workflow"
STANDARD = sorted((EXAMPLE / "standard").glob("*/workflow.json"))
CONSUMPTION = sorted((EXAMPLE / "consumption").glob("*.json"))
BUILT_IN = EXAMPLE / "standard" / "SalesReportBuiltIn" / "workflow.json"
"""The same agent with the connector of the Standard plan."""

WITH_CONNECTOR = [*(path for path in STANDARD if path != BUILT_IN), *CONSUMPTION]
DOCUMENT = yaml.safe_load((ROOT / "openapi.yaml").read_text(encoding="utf-8"))
OPERATIONS = Contract(max_code_characters=262144).operations
CALLED = {"Upload_file": "UploadFile", "Execute_Python_code": "ExecutePythonCode"}
"""The actions that call the connector, and the operations that they should call."""

RESULT = ("status", "result", "stdout", "stderr", "error")
"""The members of an Execution that the model reads."""

SALES = "month,books,tapes\nJanuary,500,200\nFebruary,650,150\nMarch,400,90\n"
QUESTION = "What are the total sales of books, and which month was the best?"
PYTHON_CODE = """
import pandas as pd
sales = pd.read_csv("/mnt/data/sales.csv")
print(f"{sales['books'].sum()} books; {sales.loc[sales['books'].idxmax(), 'month']} was best")
"""
REPORT = "1550 books; February was best\n"

Json = dict[str, Any]


def in_example(path: Path) -> str:
    return str(path.relative_to(EXAMPLE))


@pytest.fixture(params=[*WITH_CONNECTOR, BUILT_IN], ids=in_example)
def file(request: pytest.FixtureRequest) -> Path:
    """Any of the workflows."""
    found: Path = request.param
    return found


@pytest.fixture
def any_workflow(file: Path) -> Json:
    return read(file)


@pytest.fixture(params=WITH_CONNECTOR, ids=in_example)
def workflow(request: pytest.FixtureRequest) -> Json:
    """A workflow that calls the connector, not the built-in one."""
    return read(request.param)


@pytest.fixture(params=["text/csv", "application/octet-stream"])
def file_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """The URL of a CSV file, served with a content type that workflows read as text and with one that they do not."""

    class Files(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", request.param)
            self.end_headers()
            self.wfile.write(SALES.encode())

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Files) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/sales.csv"
        server.shutdown()
        thread.join()


def read(path: Path) -> Json:
    found: Json = json.loads(path.read_text(encoding="utf-8"))
    return found


def agent_of(workflow: Json) -> Json:
    (agent,) = [action for action in workflow["definition"]["actions"].values() if action["type"] == "Agent"]
    return agent


def actions_of(workflow: Json) -> Json:
    """All actions by name, including those of the agent's tools."""
    actions = dict(workflow["definition"]["actions"])
    for tool in agent_of(workflow)["tools"].values():
        assert not actions.keys() & tool["actions"].keys(), "the names of actions must be unique in a workflow"
        actions |= tool["actions"]
    return actions


def operation_of(action: Json) -> Operation:
    """The operation that an action calls, found by its method and path."""
    inputs = action["inputs"]
    path = inputs.get("path") or inputs["uri"].removeprefix("@{parameters('connectorUrl')}")
    (operation,) = [
        operation
        for operation in OPERATIONS.values()
        if (operation.method, operation.path) == (inputs["method"].upper(), path)
    ]
    return operation


def assert_members(value: Any, schema: Json, place: str) -> None:
    """Check that a body has only members of the contract, and all required ones."""
    if isinstance(value, dict):
        assert value.keys() <= schema["properties"].keys(), place
        assert set(schema.get("required", [])) <= value.keys(), place
        for name, member in value.items():
            assert_members(member, schema["properties"][name], f"{place}.{name}")
    elif isinstance(value, list):
        assert schema["type"] == "array", place
        for item in value:
            assert_members(item, schema["items"], f"{place}[]")
    else:
        assert schema["type"] == "string", f"{place}: an expression in a body returns a string"


def test_workflow_is_valid(any_workflow):
    """A workflow has the form that the language and the designer of Logic Apps require."""
    schema = read(Path(__file__).with_name("workflow.schema.json"))
    Draft202012Validator.check_schema(schema)
    Draft202012Validator(schema).validate(any_workflow)


def test_actions_have_a_run_order(any_workflow):
    """The actions in runAfter belong to the same workflow or the same tool, without cycles."""
    run_order(any_workflow["definition"]["actions"])
    for tool in agent_of(any_workflow)["tools"].values():
        run_order(tool["actions"])


def test_expressions_name_existing_things(any_workflow):
    """The actions, agent parameters and parameters in expressions exist."""
    (tool,) = agent_of(any_workflow)["tools"].values()
    known = {
        "body": set(actions_of(any_workflow)),
        "outputs": set(actions_of(any_workflow)),
        "agentParameters": set(tool["agentParameterSchema"]["properties"]),
        "parameters": set(any_workflow["definition"].get("parameters", read(EXAMPLE / "standard" / "parameters.json"))),
    }
    named = [
        call
        for text in expressions(any_workflow)
        for call in re.findall(r"(\w+)\('([^']*)'\)", text)
        if call[0] in known
    ]
    assert {"body", "outputs", "agentParameters"} <= {function for function, _ in named}
    for function, name in named:
        assert name in known[function], f"{function}('{name}')"


@pytest.mark.parametrize(("action", "operation_id"), CALLED.items())
def test_action_calls_its_operation(workflow, action, operation_id):
    """The method and path of an action are those of the operation in its name."""
    assert operation_of(actions_of(workflow)[action]).operation_id == operation_id


@pytest.mark.parametrize("action", CALLED)
def test_action_sends_a_valid_body(workflow, action):
    """The body has only members of the contract, and all required ones."""
    called = actions_of(workflow)[action]
    operation = operation_of(called)
    assert not [parameter for parameter in operation.parameters if parameter.get("required")]
    assert "queries" not in called["inputs"]
    assert_members(called["inputs"]["body"], operation.bodies["application/json"], action)


def test_expressions_use_members_of_responses(workflow):
    """A member that an expression reads from a response is a required member of that response."""
    used = [
        member for text in expressions(workflow) for member in re.findall(r"body\('([^']+)'\)\?\['([^']+)'\]", text)
    ]
    assert used == [("Execute_Python_code", member) for member in RESULT]
    schema = response_of(CALLED["Execute_Python_code"])
    assert set(RESULT) - {"error"} <= set(schema["required"])  # null in the workflow, if the code did not fail
    assert "error" in schema["properties"]


def test_every_call_of_the_tool_uses_one_session(workflow):
    """Its ID is made once, before the agent, and every action that calls the connector sends it."""
    definition = workflow["definition"]["actions"]
    made = definition["Session_ID"]
    assert (made["type"], made["inputs"], list(made["runAfter"])) == ("Compose", "@guid()", ["Get_sales_data"])
    assert list(definition["Sales_Report_Agent"]["runAfter"]) == ["Session_ID"]
    for action in CALLED:
        assert actions_of(workflow)[action]["inputs"]["body"]["sessionId"] == "@{outputs('Session_ID')}"


def test_tool_description_lists_members_of_the_response(workflow):
    """The members in the tool's description are members of the response of ExecutePythonCode."""
    (tool,) = agent_of(workflow)["tools"].values()
    listed = tool["description"].rpartition(":")[2].replace(" and ", ", ")
    names = [name.strip(" .") for name in listed.split(",")]
    assert tuple(names) == RESULT
    assert set(names) <= response_of("ExecutePythonCode")["properties"].keys()


def response_of(operation_id: str) -> Json:
    """The schema of an operation's response, from openapi.yaml: the connector's contract code only reads requests."""
    called = OPERATIONS[operation_id]
    response = followed(DOCUMENT["paths"][called.path][called.method.lower()]["responses"]["200"])
    return followed(response["content"]["application/json"]["schema"])


def followed(node: Json) -> Json:
    """The target of a reference; anything else unchanged."""
    if "$ref" not in node:
        return node
    target = DOCUMENT
    for step in node["$ref"].removeprefix("#/").split("/"):
        target = target[step]
    return followed(target)


def test_all_files_are_the_same_workflow():
    """The four files differ only in how they call the connector and the model."""
    plain = [without_call_details(read(path)["definition"]) for path in WITH_CONNECTOR]
    assert len(plain) == 4
    assert all(definition == plain[0] for definition in plain)


def without_call_details(definition: Json) -> Json:
    definition = {name: definition[name] for name in ("triggers", "actions")}
    agent = definition["actions"]["Sales_Report_Agent"]
    agent["inputs"].pop("modelConfigurations", None)
    for name in ("deploymentId", "modelId"):
        agent["inputs"]["parameters"].pop(name, None)
    for name, action in agent["tools"]["Upload_sales_data"]["actions"].items():
        if name not in CALLED:
            assert action["type"] == "Compose"
            continue
        action["inputs"] = {"body": action["inputs"]["body"]}
        for member in ("type", "runtimeConfiguration"):
            action.pop(member, None)
    return definition


def test_files_contain_no_key():
    """The key comes from a parameter without a value, or from a setting, and is hidden in the run history."""
    for path in [*STANDARD, *CONSUMPTION]:
        workflow = read(path)
        assert "functionKey" not in workflow.get("parameters", {})
        assert "defaultValue" not in workflow["definition"].get("parameters", {}).get("functionKey", {})
        for action in actions_of(workflow).values():
            inputs = action["inputs"] if isinstance(action["inputs"], dict) else {}
            key = inputs.get("headers", {}).get("x-functions-key")
            assert key in (None, "@{parameters('functionKey')}")
            assert key is None or action["runtimeConfiguration"] == {"secureData": {"properties": ["inputs"]}}
    assert read(EXAMPLE / "standard" / "parameters.json")["functionKey"]["value"].startswith("@appsetting(")


def test_standard_connections_exist():
    """In the Standard project, connections.json has exactly the connections that the workflows reference."""
    connections = read(EXAMPLE / "standard" / "connections.json")
    named = re.findall(r'"referenceName": "(\w+)"', "".join(path.read_text() for path in STANDARD))
    assert set(named) == {*connections["agentConnections"], *connections["managedApiConnections"]}
    assert set(Flow.read(BUILT_IN).connections) == {"codeinterpreter", "acasession"}


def test_consumption_connections_exist():
    """In the Consumption plan, the parameter $connections has the connections that a workflow references."""
    workflow = read(EXAMPLE / "consumption" / "sales_report.json")
    named = {found for text in expressions(workflow) for found in re.findall(r"\('\$connections'\)\['(\w+)'\]", text)}
    assert named == set(workflow["parameters"]["$connections"]["value"])


def test_readme_lists_every_setting():
    """It has every setting that the Standard project reads, and every parameter of the workflows."""
    readme = (EXAMPLE / "README.md").read_text(encoding="utf-8")
    project = "".join(path.read_text() for path in (EXAMPLE / "standard").glob("*.json"))
    settings = set(re.findall(r"appsetting\('(\w+)'\)", project))
    assert settings and all(f"`{setting}`" in readme for setting in settings)
    assert all(f"`{parameter}`" in readme for parameter in read(EXAMPLE / "standard" / "parameters.json"))


@dataclass
class Stage:
    """Plays a workflow on the connector, and on the pool for the one with the built-in connector."""

    file: Path
    api: Api
    emulator: Emulator
    file_url: str

    def play(self, model: Callable[..., str]) -> Played:
        flow = Flow.read(self.file)
        services = {
            "codeinterpreter": code_interpreter(self.api.url, {"x-functions-key": str(self.api.key)}),
            "acasession": AcaSession(self.emulator.pool.endpoint, lambda: self.emulator.authority.issue()[0]),
        }
        settings = {"CODE_INTERPRETER_URL": self.api.url, "CODE_INTERPRETER_FUNCTION_KEY": str(self.api.key)}
        parameters = {"connectorUrl": self.api.url, "functionKey": self.api.key}
        given = (
            {}
            if flow.dialect == "standard"
            else {name: parameters[name] for name in flow.parameters & parameters.keys()}
        )
        player = Player(flow, services, given, model, app_settings=settings)
        return player.play({"headers": {}, "body": {"fileUrl": self.file_url, "question": QUESTION}})

    def report(self, model: Callable[..., str]) -> str:
        response = self.play(model).response
        assert response is not None
        assert response["statusCode"] == 200
        return str(response["body"])


@pytest.fixture
def stage(api_with_key: Api, emulator: Emulator, file: Path, file_url: str) -> Stage:
    return Stage(file, api_with_key, emulator, file_url)


def test_workflow_returns_a_report(stage):
    """With fixed code in place of the model, the workflow runs the code on the file and returns its output."""
    played = stage.play(lambda tools: tools["Upload_sales_data"](python_code=PYTHON_CODE)["Result"]["stdout"])
    assert played.response == {"statusCode": 200, "headers": {}, "body": REPORT}
    assert set(played.statuses().values()) == {"Succeeded"}
    uploaded, executed = (played.actions[name].outputs["body"] for name in CALLED)
    assert executed["sessionId"] == uploaded["sessionId"] == played.actions["Session_ID"].outputs
    assert (uploaded if stage.file == BUILT_IN else uploaded["files"][0])["size"] == len(SALES)


def test_model_can_fix_code_that_fails(stage):
    """Code that fails does not fail the tool: the model reads the error, fixes the code, and calls the tool again."""

    def model(tools: dict[str, Callable[..., Json]]) -> str:
        failed = tools["Upload_sales_data"](python_code="print(sales)")["Result"]
        assert failed["status"] == "Failed"
        assert "NameError" in (failed["stderr"] if stage.file == BUILT_IN else failed["error"]["name"])
        return str(tools["Upload_sales_data"](python_code=PYTHON_CODE)["Result"]["stdout"])

    assert stage.report(model) == REPORT


def test_variables_persist_from_call_to_call(stage):
    """Two calls of the tool run in one session; another run of the workflow has another."""

    def model(tools: dict[str, Callable[..., Json]]) -> str:
        call = tools["Upload_sales_data"]
        call(python_code=PYTHON_CODE)
        return str(call(python_code="print(sales.shape)")["Result"]["stdout"])

    runs = [stage.play(model) for _ in range(2)]
    assert [run.response and run.response["body"] for run in runs] == ["(3, 3)\n", "(3, 3)\n"]
    assert [run.actions["Execute_Python_code"].times for run in runs] == [2, 2]
    assert len({run.actions["Session_ID"].outputs for run in runs}) == 2


@pytest.mark.parametrize("file", WITH_CONNECTOR, ids=in_example)
def test_the_model_reads_no_base64(stage):
    """A chart costs no tokens: neither the actions of the tool nor its result contain it."""
    code = "import matplotlib.pyplot as plt\nplt.plot([1, 4, 9])\nplt.show()\nprint('drawn')"

    def model(tools: dict[str, Callable[..., Json]]) -> str:
        result = tools["Upload_sales_data"](python_code=code)
        assert [output["contentType"] for output in result["Execute_Python_code"]["outputs"]] == ["image/png"]
        assert not re.search("[A-Za-z0-9+/]{200}", json.dumps(result))
        assert result["Result"] == {
            "status": "Succeeded",
            "result": "",
            "stdout": "drawn\n",
            "stderr": "",
            "error": None,
        }
        return "done"

    assert stage.report(model) == "done"

"""The agent workflow calls the connector by the names of openapi.yaml, and its tool answers with a report."""

import json
import re
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from connector.contract.validation import Contract, Operation
from tests.examples.logic_apps.workflow_language import Run, expressions, in_order

ROOT = Path(__file__).resolve().parents[3]
EXAMPLE = ROOT / "examples" / "logic_apps" / "agent_workflow"
STANDARD = sorted((EXAMPLE / "standard").glob("*/workflow.json"))
CONSUMPTION = sorted((EXAMPLE / "consumption").glob("*.json"))
DOCUMENT = yaml.safe_load((ROOT / "openapi.yaml").read_text(encoding="utf-8"))
OPERATIONS = Contract(max_code_characters=262144).operations
CALLED = {"Upload_file": "UploadFile", "Execute_Python_code": "ExecutePythonCode"}
"""The actions that call the connector, and the operations that they are meant to be."""

SALES = "month,books,tapes\nJanuary,500,200\nFebruary,650,150\nMarch,400,90\n"
QUESTION = "What are the total sales of books, and which month was the best?"
PYTHON_CODE = """
import pandas as pd
sales = pd.read_csv("/mnt/data/sales.csv")
print(f"{sales['books'].sum()} books; {sales.loc[sales['books'].idxmax(), 'month']} was best")
"""
REPORT = "1550 books; February was best\n"

Json = dict[str, Any]


@pytest.fixture(params=[*STANDARD, *CONSUMPTION], ids=lambda path: str(path.relative_to(EXAMPLE)))
def workflow(request: pytest.FixtureRequest) -> Json:
    return read(request.param)


@pytest.fixture(params=["text/csv", "application/octet-stream"])
def file_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """Where a CSV file is served, under a content type that workflows read as text, and under one that they do not."""

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
    """All actions by name, also those of the agent's tools."""
    actions = dict(workflow["definition"]["actions"])
    for tool in agent_of(workflow)["tools"].values():
        assert not actions.keys() & tool["actions"].keys(), "names of actions are used once in a workflow"
        actions |= tool["actions"]
    return actions


def operation_of(action: Json) -> Operation:
    """The operation that an action calls, by its method and path alone."""
    inputs = action["inputs"]
    path = inputs.get("path") or inputs["uri"].removeprefix("@{parameters('connectorUrl')}")
    (operation,) = [
        operation
        for operation in OPERATIONS.values()
        if (operation.method, operation.path) == (inputs["method"].upper(), path)
    ]
    return operation


def assert_members(value: Any, schema: Json, place: str) -> None:
    """Members of a body have the contract's names, and all that it requires are there."""
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
        assert schema["type"] == "string", f"{place}: an expression in a body gives a text"


def test_workflow_is_valid(workflow):
    """A workflow has the form that Logic Apps' language and designer ask for."""
    schema = read(Path(__file__).with_name("workflow.schema.json"))
    Draft202012Validator.check_schema(schema)
    Draft202012Validator(schema).validate(workflow)


def test_actions_run_in_an_order(workflow):
    """What an action runs after is in the same workflow, or in the same tool."""
    in_order(workflow["definition"]["actions"])
    for tool in agent_of(workflow)["tools"].values():
        in_order(tool["actions"])


def test_expressions_speak_of_what_is_there(workflow):
    """Expressions name actions, agent parameters and parameters that exist."""
    (tool,) = agent_of(workflow)["tools"].values()
    known = {
        "body": set(actions_of(workflow)),
        "outputs": set(actions_of(workflow)),
        "agentParameters": set(tool["agentParameterSchema"]["properties"]),
        "parameters": set(workflow["definition"].get("parameters", read(EXAMPLE / "standard" / "parameters.json"))),
    }
    named = [
        call for text in expressions(workflow) for call in re.findall(r"(\w+)\('([^']*)'\)", text) if call[0] in known
    ]
    assert {"body", "outputs", "agentParameters"} <= {function for function, _ in named}
    for function, name in named:
        assert name in known[function], f"{function}('{name}')"


@pytest.mark.parametrize(("action", "operation_id"), CALLED.items())
def test_action_calls_its_operation(workflow, action, operation_id):
    """Method and path of an action are those of the operation that it is named for."""
    assert operation_of(actions_of(workflow)[action]).operation_id == operation_id


@pytest.mark.parametrize("action", CALLED)
def test_action_sends_what_its_operation_takes(workflow, action):
    """The body's members are those of the contract, and none that it requires is missing."""
    called = actions_of(workflow)[action]
    operation = operation_of(called)
    assert not [parameter for parameter in operation.parameters if parameter.get("required")]
    assert "queries" not in called["inputs"]
    assert_members(called["inputs"]["body"], operation.bodies["application/json"], action)


def test_members_of_answers_are_the_contracts(workflow):
    """What an expression takes out of an operation's answer is a member of that answer."""
    taken = [found for text in expressions(workflow) for found in re.findall(r"body\('([^']+)'\)\?\['([^']+)'\]", text)]
    assert taken == [("Upload_file", "sessionId")]
    schema = response_of(CALLED["Upload_file"])
    assert "sessionId" in schema["required"]


def test_the_tool_speaks_of_members_that_runs_have(workflow):
    """What the tool tells its model about the answer is a member of ExecutePythonCode's answer."""
    (tool,) = agent_of(workflow)["tools"].values()
    told = tool["description"].rpartition(":")[2].replace(" and ", ", ")
    names = [name.strip(" .") for name in told.split(",")]
    assert names == ["status", "result", "stdout", "stderr", "error"]
    assert set(names) <= response_of("ExecutePythonCode")["properties"].keys()


def response_of(operation_id: str) -> Json:
    """The schema of an operation's answer, from the document itself: the contract's code reads requests alone."""
    called = OPERATIONS[operation_id]
    answer = followed(DOCUMENT["paths"][called.path][called.method.lower()]["responses"]["200"])
    return followed(answer["content"]["application/json"]["schema"])


def followed(node: Json) -> Json:
    """What a reference points to; anything else as it is."""
    if "$ref" not in node:
        return node
    target = DOCUMENT
    for step in node["$ref"].removeprefix("#/").split("/"):
        target = target[step]
    return followed(target)


def test_all_workflows_are_one_but_for_how_they_call():
    """The four files are one workflow: they differ in how they reach the connector and the model alone."""
    plain = [without_the_way(read(path)["definition"]) for path in [*STANDARD, *CONSUMPTION]]
    assert len(plain) == 4
    assert all(definition == plain[0] for definition in plain)


def without_the_way(definition: Json) -> Json:
    definition = {name: definition[name] for name in ("triggers", "actions")}
    agent = definition["actions"]["Sales_Report_Agent"]
    agent["inputs"].pop("modelConfigurations", None)
    for name in ("deploymentId", "modelId"):
        agent["inputs"]["parameters"].pop(name, None)
    for name, action in agent["tools"]["Upload_sales_data"]["actions"].items():
        assert name in CALLED
        action["inputs"] = {"body": action["inputs"]["body"]}
        for way in ("type", "runtimeConfiguration"):
            action.pop(way, None)
    return definition


def test_no_key_is_in_the_files():
    """A key comes from a parameter without a value, or from a setting, and the run history does not show it."""
    for path in [*STANDARD, *CONSUMPTION]:
        workflow = read(path)
        assert "functionKey" not in workflow.get("parameters", {})
        assert "defaultValue" not in workflow["definition"].get("parameters", {}).get("functionKey", {})
        for action in actions_of(workflow).values():
            key = action["inputs"].get("headers", {}).get("x-functions-key")
            assert key in (None, "@{parameters('functionKey')}")
            assert key is None or action["runtimeConfiguration"] == {"secureData": {"properties": ["inputs"]}}
    assert read(EXAMPLE / "standard" / "parameters.json")["functionKey"]["value"].startswith("@appsetting(")


def test_connections_are_there():
    """In the Standard project, each connection that a workflow names stands in connections.json, and the reverse."""
    connections = read(EXAMPLE / "standard" / "connections.json")
    named = re.findall(r'"referenceName": "(\w+)"', "".join(path.read_text() for path in STANDARD))
    assert set(named) == {*connections["agentConnections"], *connections["managedApiConnections"]}


def test_connections_of_consumption_are_there():
    """In the Consumption plan, a connection that a workflow names stands in its parameter $connections."""
    workflow = read(EXAMPLE / "consumption" / "sales_report.json")
    named = {found for text in expressions(workflow) for found in re.findall(r"\('\$connections'\)\['(\w+)'\]", text)}
    assert named == set(workflow["parameters"]["$connections"]["value"])


def test_readme_tells_every_setting():
    """The example's README has all settings that the Standard project reads, and all parameters of the workflows."""
    readme = (EXAMPLE / "README.md").read_text(encoding="utf-8")
    project = "".join(path.read_text() for path in (EXAMPLE / "standard").glob("*.json"))
    settings = set(re.findall(r"appsetting\('(\w+)'\)", project))
    assert settings and all(f"`{setting}`" in readme for setting in settings)
    assert all(f"`{parameter}`" in readme for parameter in read(EXAMPLE / "standard" / "parameters.json"))


def run_of(workflow: Json, api: Any, file_url: str, model: Callable[..., str]) -> Run:
    return Run(
        workflow,
        trigger_body={"fileUrl": file_url, "question": QUESTION},
        parameters={
            "connectorUrl": api.url,
            "functionKey": api.key,
            "$connections": {"codeinterpreter": {"connectionId": "the test's"}},
        },
        connection=(api.url, {"x-functions-key": api.key}),
        model=model,
    )


def test_the_workflow_answers_with_a_report(api_with_key, workflow, file_url):
    """Played with a model that sends fixed code, the workflow runs that on the file and returns the report."""
    run = run_of(
        workflow,
        api_with_key,
        file_url,
        lambda tools: tools["Upload_sales_data"](python_code=PYTHON_CODE)["Execute_Python_code"]["stdout"],
    )
    assert run.play() == REPORT
    assert run.statuses == {"Get_sales_data": 200, "Upload_file": 200, "Execute_Python_code": 200}
    uploaded, executed = run.outputs["Upload_file"]["body"], run.outputs["Execute_Python_code"]["body"]
    assert uploaded["files"][0]["size"] == len(SALES)
    assert executed["sessionId"] == uploaded["sessionId"]


def test_code_that_fails_goes_back_to_the_model(api_with_key, workflow, file_url):
    """Code that fails does not fail the tool: the model reads why, corrects the code, and calls the tool again."""

    def model(tools: dict[str, Callable[..., Json]]) -> str:
        failed = tools["Upload_sales_data"](python_code="print(sales)")["Execute_Python_code"]
        assert (failed["status"], failed["error"]["name"]) == ("Failed", "NameError")
        return str(tools["Upload_sales_data"](python_code=PYTHON_CODE)["Execute_Python_code"]["stdout"])

    assert run_of(workflow, api_with_key, file_url, model).play() == REPORT

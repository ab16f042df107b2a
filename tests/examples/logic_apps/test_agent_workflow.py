"""The agent workflow calls the connector, or a session pool by the built-in one, and returns a report."""

import json
import re
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from connector.contract.documents import Documents
from connector.contract.validation import Contract, Operation, read_document
from tests.examples.logic_apps.flows import FOLDER, connector, counts, player, read
from workflow_player.diagram import mermaid
from workflow_player.flow import Flow
from workflow_player.order import run_order
from workflow_player.results import Played
from workflow_player.services.acasession import AcaSession

EXAMPLE = FOLDER / "agent_workflow"
BUILT_IN = EXAMPLE / "standard" / "SalesReportBuiltIn" / "workflow.json"
STANDARD = sorted((EXAMPLE / "standard").glob("*/workflow.json"))
CONSUMPTION = sorted((EXAMPLE / "consumption").glob("*.json"))
OF_CONNECTOR = [path for path in [*STANDARD, *CONSUMPTION] if path != BUILT_IN]
MAKERS = Documents(read_document()).makers("https://app.example/api")
OPERATIONS = Contract(max_code_characters=262144).operations
CALLED = {"Upload_file": "UploadFile", "Execute_Python_code": "ExecutePythonCode"}
"""The actions that call the connector, and the operations that they should call."""

RESULT = ("status", "result", "stdout", "stderr", "error")
"""The members of an Execution that the model reads."""

OUTPUTS = {
    "fileUpload": {"filename", "size", "lastModifiedTime", "sessionId"},
    "executeCode": {"status", "result", "stdout", "stderr", "sessionId"},
}
"""Of the built-in connector. Source: its reference page."""

SALES = "month,books,tapes\nJanuary,500,200\nFebruary,650,150\nMarch,400,90\n"
QUESTION = "What are the total sales of books, and which month was the best?"
PYTHON_CODE = """
import pandas as pd
sales = pd.read_csv("/mnt/data/sales.csv")
print(f"{sales['books'].sum()} books; {sales.loc[sales['books'].idxmax(), 'month']} was best")
"""
REPORT = "1550 books; February was best\n"

Json = dict[str, Any]
Tools = dict[str, Callable[..., Json]]


@pytest.fixture(params=[*STANDARD, *CONSUMPTION], ids=lambda path: str(path.relative_to(EXAMPLE)))
def any_flow(request: pytest.FixtureRequest) -> Flow:
    return Flow.read(request.param)


@pytest.fixture(params=OF_CONNECTOR, ids=lambda path: str(path.relative_to(EXAMPLE)))
def flow(request: pytest.FixtureRequest) -> Flow:
    return Flow.read(request.param)


@pytest.fixture
def file_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """The URL of a CSV file. Workflows read its content type as text, unless a test has another one."""

    class Files(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", getattr(request, "param", "text/csv"))
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


def tool_of(flow: Flow) -> Json:
    """The one tool of the one agent."""
    (agent,) = [action for action in flow.actions.values() if action["type"] == "Agent"]
    ((_, tool),) = agent["tools"].items()
    found: Json = tool
    return found


def actions_of(flow: Flow) -> Json:
    return {name: action.definition for name, action in flow.all_actions().items()}


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


def test_workflow_is_valid(any_flow):
    """A workflow has the form that the language and the designer of Logic Apps require."""
    schema = read(Path(__file__).with_name("workflow.schema.json"))
    Draft202012Validator(schema).validate(read(any_flow.path))


def test_actions_have_a_run_order(any_flow):
    """The actions in runAfter belong to the same workflow or the same tool, without cycles."""
    run_order(any_flow.actions)
    run_order(tool_of(any_flow)["actions"])


def test_expressions_name_existing_things(any_flow):
    """The actions, agent parameters and parameters in expressions exist."""
    known = {
        "body": set(actions_of(any_flow)),
        "outputs": set(actions_of(any_flow)),
        "agentParameters": set(tool_of(any_flow)["agentParameterSchema"]["properties"]),
        "parameters": {*any_flow.parameters, "$connections"},
    }
    named = [
        call for text in any_flow.expressions() for call in re.findall(r"(\w+)\('([^']*)'\)", text) if call[0] in known
    ]
    assert {"body", "outputs", "agentParameters"} <= {function for function, _ in named}
    assert not [call for call in named if call[1] not in known[call[0]]]


@pytest.mark.parametrize(("action", "operation_id"), CALLED.items())
def test_action_sends_a_valid_body(flow, action, operation_id):
    """An action calls the operation in its name; the body has only members of the contract, and all required ones."""
    called = actions_of(flow)[action]
    operation = operation_of(called)
    assert operation.operation_id == operation_id
    assert not [parameter for parameter in operation.parameters if parameter.get("required")]
    assert "queries" not in called["inputs"]
    assert_members(called["inputs"]["body"], operation.bodies["application/json"], action)


def test_expressions_use_members_of_responses(flow):
    """A member that an expression reads from a response is a required member of that response."""
    used = [member for text in flow.expressions() for member in re.findall(r"body\('([^']+)'\)\?\['([^']+)'\]", text)]
    assert used == [("Execute_Python_code", member) for member in RESULT]
    execution = MAKERS["definitions"]["Execution"]
    assert set(RESULT) - {"error"} <= set(execution["required"])  # null in the workflow, if the code did not fail
    assert "error" in execution["properties"]


def test_every_call_of_the_tool_uses_one_session(any_flow):
    """Its ID is made once, before the agent; every action that calls sends it, and hides it in the run history."""
    session, agent = any_flow.actions["Session_ID"], any_flow.actions["Sales_Report_Agent"]
    assert (session["inputs"], agent["runAfter"]) == ("@guid()", {"Session_ID": ["Succeeded"]})
    for name in CALLED:
        inputs = actions_of(any_flow)[name]["inputs"]
        assert (inputs.get("body") or inputs["parameters"])["sessionId"] == "@{outputs('Session_ID')}"
    for name in ("Session_ID", *CALLED):
        assert actions_of(any_flow)[name]["runtimeConfiguration"] == {"secureData": {"properties": ["inputs"]}}


def test_tool_description_lists_what_the_model_reads(any_flow):
    """The members in the tool's description are those that its last action selects."""
    tool = tool_of(any_flow)
    listed = tool["description"].rpartition(":")[2].replace(" and ", ", ")
    assert [name.strip(" .") for name in listed.split(",")] == list(tool["actions"]["Result"]["inputs"])


def test_files_with_the_connector_are_the_same_workflow():
    """The four files differ only in how they call the connector and the model."""
    plain = [without_call_details(read(path)["definition"]) for path in OF_CONNECTOR]
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
        action.pop("type")
    return definition


def differences(before: Any, after: Any, place: str = "") -> Iterator[str]:
    """The places where two definitions differ."""
    if isinstance(before, dict) and isinstance(after, dict) and before.get("type") == after.get("type"):
        for name in {**before, **after}:
            yield from differences(before.get(name), after.get(name), f"{place}.{name}".strip("."))
    elif before != after:
        yield place


def test_built_in_connector_changes_what_the_readme_lists():
    """Beside the two actions that call, only instructions, description and the selected members differ."""
    ours, built_in = (read(path)["definition"] for path in (EXAMPLE / "standard/SalesReport/workflow.json", BUILT_IN))
    tool = "actions.Sales_Report_Agent.tools.Upload_sales_data"
    assert set(differences(ours, built_in)) == {
        "actions.Sales_Report_Agent.inputs.parameters.messages",
        f"{tool}.description",
        f"{tool}.actions.Upload_file",
        f"{tool}.actions.Execute_Python_code",
        f"{tool}.actions.Result.inputs.error",
    }
    readme = (EXAMPLE / "README.md").read_text(encoding="utf-8")
    for name in (*CALLED, "Result"):
        assert re.search(rf"^\| `{name}` \|", readme, re.MULTILINE)


def test_built_in_connector_is_called_as_its_reference_has_it():
    """Operations, inputs and the outputs that expressions read are those of the reference page."""
    flow = Flow.read(BUILT_IN)
    called = {
        action["inputs"]["serviceProviderConfiguration"]["operationId"]: action["inputs"]["parameters"]
        for action in tool_of(flow)["actions"].values()
        if action["type"] == "ServiceProvider"
    }
    assert {name: set(parameters) for name, parameters in called.items()} == {
        "fileUpload": {"files", "sessionId"},
        "executeCode": {"pythonCode", "sessionId"},
    }
    used = {
        member for text in flow.expressions() for member in re.findall(r"'Execute_Python_code'\)\?\['(\w+)'\]", text)
    }
    assert used <= OUTPUTS["executeCode"]


def test_files_contain_no_key():
    """The key comes from a parameter without a value, or from a setting, and is hidden in the run history."""
    for path in OF_CONNECTOR:
        workflow = read(path)
        assert "functionKey" not in workflow.get("parameters", {})
        assert "defaultValue" not in workflow["definition"].get("parameters", {}).get("functionKey", {})
        for action in actions_of(Flow.read(path)).values():
            inputs = action["inputs"] if isinstance(action["inputs"], dict) else {}
            assert inputs.get("headers", {}).get("x-functions-key") in (None, "@{parameters('functionKey')}")
    assert read(EXAMPLE / "standard" / "parameters.json")["functionKey"]["value"].startswith("@appsetting(")


def test_standard_connections_exist():
    """In the Standard project, connections.json has exactly the connections that the workflows reference."""
    connections = read(EXAMPLE / "standard" / "connections.json")
    named = re.findall(r'"(?:referenceName|connectionName)": "(\w+)"', "".join(path.read_text() for path in STANDARD))
    assert set(named) == {name for group in connections.values() for name in group}


def test_consumption_connections_exist():
    """In the Consumption plan, the parameter $connections has the connections that a workflow references."""
    flow = Flow.read(EXAMPLE / "consumption" / "sales_report.json")
    named = {found for text in flow.expressions() for found in re.findall(r"\('\$connections'\)\['(\w+)'\]", text)}
    assert named == set(flow.connections)


def test_readme_lists_every_setting_and_step():
    """It has every setting that the Standard project reads, every parameter of the workflows, and every action."""
    readme = (EXAMPLE / "README.md").read_text(encoding="utf-8")
    project = "".join(path.read_text() for path in (EXAMPLE / "standard").glob("*.json"))
    words = {*re.findall(r"appsetting\('(\w+)'\)", project), *read(EXAMPLE / "standard" / "parameters.json")}
    assert words and not {word for word in words if f"`{word}`" not in readme}
    flow = Flow.read(EXAMPLE / "consumption" / "sales_report.json")
    assert not {name for name in (*flow.triggers, *actions_of(flow)) if name not in readme}
    assert f"```mermaid\n{mermaid(flow)}```" in readme


def play(flow: Flow, api: Any, file_url: str, model: Callable[[Tools], str]) -> Played:
    given = {"connectorUrl": api.url, "functionKey": api.key}
    services = () if not flow.connections.keys() & {"codeinterpreter"} else (connector(api),)
    settings = {"CODE_INTERPRETER_URL": api.url, "CODE_INTERPRETER_FUNCTION_KEY": api.key}
    return player(
        flow.path,
        *services,
        parameters={name: value for name, value in given.items() if name in flow.parameters},
        app_settings=settings,
        model=model,
    ).play({"body": {"fileUrl": file_url, "question": QUESTION}})


def report_of(played: Played) -> Any:
    assert played.status == "Succeeded" and played.response
    return played.response["body"]


@pytest.mark.parametrize("file_url", ["text/csv", "application/octet-stream"], indirect=True)
def test_workflow_returns_a_report(api_with_key, flow, file_url):
    """With fixed code in place of the model, the workflow runs the code on the file and returns its output."""
    played = play(
        flow,
        api_with_key,
        file_url,
        lambda tools: tools["Upload_sales_data"](python_code=PYTHON_CODE)["Result"]["stdout"],
    )
    assert report_of(played) == REPORT
    uploaded = played.actions["Upload_file"].outputs["body"]
    executed = played.actions["Execute_Python_code"].outputs["body"]
    assert uploaded["files"][0]["size"] == len(SALES)
    assert executed["sessionId"] == uploaded["sessionId"]


@pytest.mark.parametrize("file_url", ["text/csv", "application/octet-stream"], indirect=True)
def test_built_in_connector_returns_the_same_report(emulator, file_url):
    """On the emulated session pool, the built-in connector's stand-in runs the same code to the same report."""
    pool = AcaSession(emulator.pool.endpoint, lambda: emulator.authority.issue()[0])

    def model(tools: Tools) -> str:
        failed = tools["Upload_sales_data"](python_code="print(sales)")["Result"]
        assert "NameError" in failed["stderr"]
        return str(tools["Upload_sales_data"](python_code=PYTHON_CODE)["Result"]["stdout"])

    settings = {"CODE_INTERPRETER_URL": "", "CODE_INTERPRETER_FUNCTION_KEY": ""}
    played = player(BUILT_IN, pool, app_settings=settings, model=model).play(
        {"body": {"fileUrl": file_url, "question": QUESTION}}
    )
    assert report_of(played) == REPORT
    assert OUTPUTS["fileUpload"] == played.actions["Upload_file"].outputs["body"].keys()


def test_model_can_fix_code_that_fails(api_with_key, flow, file_url):
    """Code that fails does not fail the tool: the model reads the error, fixes the code, and calls the tool again."""

    def model(tools: Tools) -> str:
        failed = tools["Upload_sales_data"](python_code="print(sales)")["Result"]
        assert (failed["status"], failed["error"]["name"]) == ("Failed", "NameError")
        return str(tools["Upload_sales_data"](python_code=PYTHON_CODE)["Result"]["stdout"])

    assert report_of(play(flow, api_with_key, file_url, model)) == REPORT


def test_variables_persist_from_call_to_call(api_with_key, flow, file_url):
    """Two calls of the tool run in one session; another run of the workflow has another."""

    def model(tools: Tools) -> str:
        call = tools["Upload_sales_data"]
        call(python_code=PYTHON_CODE)
        return str(call(python_code="sales.shape")["Result"]["result"])

    plays = [play(flow, api_with_key, file_url, model) for _ in range(2)]
    assert [report_of(played) for played in plays] == ["(3, 3)", "(3, 3)"]
    assert len({played.actions["Session_ID"].outputs for played in plays}) == 2


def test_the_model_reads_no_base64(api_with_key, flow, file_url):
    """A chart costs no tokens: neither the actions of the tool nor its result contain it."""
    code = "import matplotlib.pyplot as plt\nplt.plot([1, 4, 9])\nplt.show()\nprint('drawn')"

    def model(tools: Tools) -> str:
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

    assert report_of(play(flow, api_with_key, file_url, model)) == "done"


def test_readme_states_what_a_question_takes(api_with_key, file_url):
    """The number of actions, as played, if the model calls its tool once."""
    flow = Flow.read(EXAMPLE / "consumption" / "sales_report.json")
    played = play(
        flow, api_with_key, file_url, lambda tools: str(tools["Upload_sales_data"](python_code="1")["Result"])
    )
    readme = (EXAMPLE / "README.md").read_text(encoding="utf-8")
    assert f"A question with one call of the tool: {counts(played)}." in readme

"""The agents for Copilot Studio call the connector as its documents say, and answer questions about a file."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml
from jsonschema import Draft202012Validator

from tests.conftest import Api
from tests.connector.mcp.calls import call, request
from tests.examples.copilot_studio.agent import Agent, workspace
from tests.examples.power_fx.connector_actions import Action, ConnectorActions, actions_of, encoded, has_member
from tests.examples.power_fx.formulas import Member, Name, nodes, parsed
from workflow_player.services.code_interpreter import code_interpreter

ROOT = Path(__file__).resolve().parents[3]
EXAMPLES = ROOT / "examples" / "copilot_studio"
AGENTS = {name: EXAMPLES / name for name in ("connector_agent", "mcp_agent")}
README = (EXAMPLES / "README.md").read_text(encoding="utf-8")
FILES = [(name, path) for name, folder in AGENTS.items() for path in workspace(folder)]
HOST = "https://YOUR-APP.azurewebsites.net"

SALES = b"month,region,amount\nJanuary,North,500\nJanuary,South,200\nFebruary,North,650\nFebruary,South,150\n"
ATTACHED = {"Name": "sales.csv", "Content": SALES, "ContentType": "text/csv"}
WRONG = "import pandas as pd\nsales = pd.read_csv('/mnt/data/sales.csv')\nprint(sales.groupby('area').amount.sum())"
RIGHT = "print(sales.groupby('region').amount.sum().to_string())"
CHART = """
import matplotlib.pyplot as plt
sales.groupby('region').amount.sum().plot.bar(title='Revenue by region')
plt.savefig('/mnt/data/revenue_by_region.png')
plt.close()
"""
Json = dict[str, Any]


@pytest.fixture
def connector(api_with_key: Api) -> Api:
    return api_with_key


@pytest.fixture(scope="module")
def document(api_with_key: Api) -> Json:
    return fetched(api_with_key, "/swagger.json")


@pytest.fixture(scope="module")
def actions(document: Json) -> dict[str, Action]:
    return actions_of(document)


def fetched(connector: Api, path: str) -> Json:
    found: Json = connector.call("GET", path, headers=key_of(connector)).json()
    return found


def key_of(connector: Api) -> dict[str, str]:
    return {"x-functions-key": connector.key or ""}


def agent_of(name: str, connector: Api, document: Json, answer: Callable[[str], Json] = lambda _: {}) -> Agent:
    return Agent(AGENTS[name], ConnectorActions(code_interpreter(connector.url, key_of(connector)), document), answer)


def tools(name: str) -> list[Json]:
    return [file for path, file in workspace(AGENTS[name]).items() if path.startswith("actions/")]


def topics(name: str) -> list[Json]:
    return [file for path, file in workspace(AGENTS[name]).items() if path.startswith("topics/")]


def members_of(node: Any, kind: str) -> list[Json]:
    """All nodes of a kind in a file."""
    found = [node] if isinstance(node, dict) and node.get("kind") == kind else []
    children = node.values() if isinstance(node, dict) else node if isinstance(node, list) else []
    return found + [each for child in children for each in members_of(child, kind)]


def texts(node: Any) -> list[str]:
    if isinstance(node, dict | list):
        return [each for child in (node.values() if isinstance(node, dict) else node) for each in texts(child)]
    return [node] if isinstance(node, str) else []


@pytest.mark.parametrize(("name", "path"), FILES)
def test_files_have_the_published_form(name, path):
    """A file has the members that Copilot Studio's schema has for its kind, and what a clone always has."""
    schema = yaml.safe_load(Path(__file__).with_name("agent.schema.yaml").read_text(encoding="utf-8"))
    Draft202012Validator(schema).validate(workspace(AGENTS[name])[path])


@pytest.mark.parametrize("tool", tools("connector_agent"), ids=lambda tool: tool["modelDisplayName"])
def test_tools_are_actions_of_the_connector(tool, actions):
    """Inputs are parameters of the operation, with values that it takes, and nothing required is missing."""
    action = actions[tool["action"]["operationId"]]
    names = [each["propertyName"] for each in tool["inputs"]]
    assert len(names) == len(set(names))
    assert set(action.required()) <= set(names)
    for each in tool["inputs"]:
        parameter = action.parameter(each["propertyName"])
        if each["kind"] == "ManualTaskInput" and not str(each["value"]).startswith("="):
            encoded(each["value"], parameter.schema)
    for output in tool["outputs"]:
        assert has_member(action.result, output["propertyName"]), output


def test_the_orchestrator_of_the_connector_agent_never_meets_the_session_id():
    """It neither fills it in nor reads it: a variable that is hidden from the model carries it."""
    for file in [*tools("connector_agent"), *topics("connector_agent")]:
        filled = [each["propertyName"] for each in file.get("inputs", []) if each["kind"] == "AutomaticTaskInput"]
        read = [each["propertyName"] for each in file.get("outputs", [])]
        returned = list(file.get("outputType", {}).get("properties", {}))
        assert "sessionId" not in [*filled, *read, *returned]
    for tool in tools("connector_agent"):
        assert {"kind": "ManualTaskInput", "propertyName": "sessionId", "value": "=Global.SessionId"} in tool["inputs"]
        assert tool["outputMode"] == "Specific"


@pytest.mark.parametrize("name", AGENTS)
def test_nodes_of_topics_are_actions_of_the_connector(name, actions):
    """Their bindings are parameters of the operation, and formulas read members that its response has."""
    for topic in topics(name):
        for node in members_of(topic, "InvokeConnectorAction"):
            action = actions[node["operationId"]]
            assert set(action.required()) <= node["input"]["binding"].keys()
            assert all(action.parameter(parameter) for parameter in node["input"]["binding"])
            variable = node["output"]["variable"].removeprefix("init:Topic.")
            formulas = [text for text in texts(topic) if text.startswith("=")]
            read = {
                each.name
                for formula in formulas
                for each in nodes(parsed(formula))
                if isinstance(each, Member) and each.owner == Member(Name("Topic"), variable)
            }
            assert read and all(has_member(action.result, member) for member in read)


@pytest.mark.parametrize("name", AGENTS)
def test_variables_of_topics_are_set_before_they_are_read(name):
    """Every variable of a topic that a formula reads is an input of the topic, or set by one of its nodes."""
    for topic in topics(name):
        known = {each["propertyName"] for each in topic.get("inputs", [])}
        made = [text.removeprefix("init:Topic.") for text in texts(topic) if text.startswith("init:Topic.")]
        assert len(made) == len(set(made)), "a variable is made once, and then set"
        known |= set(made)
        for formula in (text for text in texts(topic) if text.startswith("=")):
            read = {
                each.name for each in nodes(parsed(formula)) if isinstance(each, Member) and each.owner == Name("Topic")
            }
            assert read <= known, formula
        assert topic.get("outputType", {}).get("properties", {}).keys() <= known


@pytest.mark.parametrize("name", AGENTS)
def test_instructions_name_what_the_agent_has(name):
    """They name every tool and every topic that the orchestrator may choose, and have no braces: those are formulas."""
    files = workspace(AGENTS[name])
    instructions = files["agent.mcs.yml"]["instructions"]
    offered = [file["modelDisplayName"] for file in files.values() if "modelDisplayName" in file]
    if name == "mcp_agent":
        offered.remove("Code Interpreter MCP")
        offered += [tool for tool in allowed_tools() if tool != "ListFiles"]
    assert all(each in instructions for each in offered)
    assert "{" not in instructions and "}" not in instructions
    assert len(instructions) < 3000, "README states it"


@pytest.mark.parametrize("name", AGENTS)
def test_connection_references_are_listed(name):
    """connectionreferences.mcs.yml lists those that tools and topics use, for the agent of settings.mcs.yml."""
    files = workspace(AGENTS[name])
    schema_name = files["settings.mcs.yml"]["schemaName"]
    used = {text for file in files.values() for text in texts(file) if ".shared_" in text}
    listed = {
        each["connectionReferenceLogicalName"]: each["connectorId"]
        for each in files["connectionreferences.mcs.yml"]["connectionReferences"]
    }
    assert used == set(listed)
    for reference, connector_id in listed.items():
        agent, connector, connection = reference.split(".")
        assert agent == schema_name and connector_id.endswith(f"/{connector}") and not connection.strip("0")


def test_readme_says_of_every_operation_whether_it_is_a_tool(actions):
    """Its tables have each operation of the connector and each tool of the MCP server, with the reason."""
    for operation_id in actions:
        assert re.search(rf"^\| `{operation_id}` \| .+ \| .+ \|$", README, re.MULTILINE), operation_id


def test_readme_has_the_titles_of_actions_and_tools(document):
    """Makers find an action by the title that the connector's definition gives it."""
    summaries = {each["operationId"]: each["summary"] for path in document["paths"].values() for each in path.values()
                 if isinstance(each, dict)}  # fmt: skip
    for name in AGENTS:
        for file in workspace(AGENTS[name]).values():
            assert file.get("modelDisplayName", "") in README
        used = {node["operationId"] for kind in ("InvokeConnectorTaskAction", "InvokeConnectorAction")
                for node in members_of(list(workspace(AGENTS[name]).values()), kind)}  # fmt: skip
        assert used and all(f"*{summaries[operation]}*" in README for operation in used)


def test_a_conversation_with_the_connector_agent(connector, document):
    """A file goes in, code that fails is corrected, the chart is shown, and nothing shows the session ID."""
    agent = agent_of("connector_agent", connector, document)
    agent.receive({"Name": None, "Content": "<p>See the file</p>", "ContentType": "text/html"}, ATTACHED)
    uploaded = agent.call("Upload a file")
    assert uploaded == {"fileNames": "sales.csv"}

    failed = agent.call("Run Python code", pythonCode=WRONG)
    assert (failed["status"], failed["error.name"], failed["error.line"]) == ("Failed", "KeyError", 3)
    agent.receive()
    corrected = agent.call("Run Python code", pythonCode=RIGHT)
    assert corrected["status"] == "Succeeded"
    assert re.sub(r" +", " ", corrected["stdout"]) == "region\nNorth 1150\nSouth 350\n"

    drawn = agent.call("Run Python code", pythonCode=CHART)
    assert [file["fileName"] for file in drawn["files"]] == ["revenue_by_region.png"]
    shown = agent.call("Show a chart", fileName="revenue_by_region.png", title="Revenue by region")
    assert shown == {"shown": "The user sees the chart now."}
    shows_picture(agent.sent[-1])

    link = agent.call("Share a file", fileName="sales.csv")
    assert requests.get(link["fileUrl"], timeout=30).content == SALES
    results = str([uploaded, failed, corrected, drawn, shown, link, agent.sent])
    sessions = {values["sessionId"] for _, values in agent.actions.calls}
    assert len(sessions) == 1 and sessions.pop() not in results


def shows_picture(card: Json) -> None:
    """An adaptive card has a picture that a browser gets without a key."""
    (image,) = card["body"]
    response = requests.get(image["url"], timeout=30)
    assert (card["type"], image["type"], image["altText"]) == ("AdaptiveCard", "Image", "Revenue by region")
    assert (response.headers["Content-Type"], response.content[:4]) == ("image/png", b"\x89PNG")
    assert [action["url"] for action in card["actions"]] == [image["url"]]


def test_long_runs_of_the_connector_agent(connector, document):
    """A run that takes longer than its call is Running, and its result comes with its execution ID."""
    agent = agent_of("connector_agent", connector, document)
    inputs = {each["propertyName"]: each for each in agent.files["actions/RunPythonCode.mcs.yml"]["inputs"]}
    assert inputs["waitInSeconds"]["value"] < inputs["timeoutInSeconds"]["value"]
    inputs["waitInSeconds"]["value"] = 0
    agent.receive()
    code = "import time\nprint('began', flush=True)\ntime.sleep(0.5)\nprint('ended')"
    run = agent.call("Run Python code", pythonCode=code)
    assert run["status"] == "Running"
    while run["status"] == "Running":
        run = agent.call("Get the result of a run", executionId=run["executionId"])
    assert (run["status"], run["stdout"]) == ("Succeeded", "began\nended\n")


def test_responses_are_small_enough_for_copilot_studio(connector):
    """It takes 500 KB from a connector: a run that prints and draws more stays below, with the tool's inputs."""
    draw = "import matplotlib.pyplot as plt\nfor _ in range(3):\n    plt.figure()\n"
    (tool,) = [tool for tool in tools("connector_agent") if tool["modelDisplayName"] == "Run Python code"]
    fixed = {each["propertyName"]: each["value"] for each in tool["inputs"] if each["kind"] == "ManualTaskInput"}
    del fixed["sessionId"]
    body = {"pythonCode": draw + "print('x' * 3_000_000)\n'y' * 3_000_000", **fixed}
    response = connector.call("POST", "/executions", json=body, headers=key_of(connector))
    assert response.json()["status"] == "Succeeded" and len(response.json()["outputs"]) == 3
    assert len(response.content) < 500_000


@pytest.mark.parametrize("name", AGENTS)
def test_the_topic_asks_for_a_file_if_none_is_attached(name, connector, document):
    """The file of the answer is uploaded."""
    asked: list[str] = []
    agent = agent_of(name, connector, document, lambda prompt: asked.append(prompt) or ATTACHED)
    agent.receive()
    assert agent.call("Upload a file")["fileNames"] == "sales.csv"
    assert len(asked) == 1


@pytest.mark.parametrize("name", AGENTS)
def test_a_refused_upload_is_no_end_of_the_conversation(name, connector, document):
    """The orchestrator learns that no file was uploaded."""
    agent = agent_of(name, connector, document)
    agent.receive({**ATTACHED, "Name": "a/b.csv"})
    assert agent.call("Upload a file")["fileNames"].startswith("No file was uploaded.")


def test_a_chart_that_does_not_exist_is_not_shown(connector, document):
    """The orchestrator learns what to do."""
    agent = agent_of("connector_agent", connector, document)
    agent.receive()
    agent.call("Run Python code", pythonCode="1")
    assert agent.call("Show a chart", fileName="none.png", title="None")["shown"].startswith("Nothing was shown")
    assert not agent.sent


def allowed_tools() -> list[str]:
    (tool,) = tools("mcp_agent")
    allowed: list[str] = tool["action"]["operationDetails"]["tools"]["tools"]
    return allowed


def test_copilot_studio_takes_the_tools_of_the_mcp_server(connector):
    """The agent's tools are listed, in schemas without what Copilot Studio leaves out or stumbles over."""
    listed = {
        tool["name"]: tool for tool in request(connector, "tools/list", headers=key_of(connector)).result["tools"]
    }
    assert set(allowed_tools()) <= listed.keys() and len(listed) <= 128
    for name in allowed_tools():
        schema = str(listed[name]["inputSchema"])
        assert not re.search(r"'(\$ref|exclusiveMinimum|anyOf|oneOf)'|'type': \[", schema), name


def test_the_mcp_agent_calls_the_operation_of_its_connector(connector):
    """It is the one that the connector's definition marks as an MCP server."""
    (methods,) = fetched(connector, "/mcp-swagger.json")["paths"].values()
    (tool,) = tools("mcp_agent")
    assert methods["post"]["x-ms-agentic-protocol"] == "mcp-streamable-1.0"
    assert methods["post"]["operationId"] == tool["action"]["operationDetails"]["operationId"]


def test_a_conversation_with_the_mcp_agent(connector, document):
    """The topic uploads the file with the custom connector, and the session ID of its result opens it for the tools."""
    agent = agent_of("mcp_agent", connector, document)
    agent.receive(ATTACHED)
    uploaded = agent.call("Upload a file")
    session = uploaded["sessionId"]

    def tool(name: str, **arguments: Any) -> Any:
        assert name in allowed_tools()
        return call(connector, name, headers=key_of(connector), sessionId=session, **arguments)

    failed = tool("ExecutePythonCode", pythonCode=WRONG)
    assert failed.is_error and "KeyError" in failed.text
    corrected = tool("ExecutePythonCode", pythonCode=RIGHT)
    assert not corrected.is_error and corrected.session_id == session and "1150" in corrected.text
    assert "revenue_by_region.png" in tool("ExecutePythonCode", pythonCode=CHART).text

    shared = tool("ShareFile", fileName="revenue_by_region.png").text
    (link,) = re.findall(r"https?://\S+/shared/\S+", shared)
    assert agent.call("Show a chart", fileUrl=link, title="Revenue by region")["shown"].startswith("Nothing was shown")
    agent = with_address(agent, connector)
    assert agent.call("Show a chart", fileUrl=link, title="Revenue by region")["shown"].startswith("The user sees")
    shows_picture(agent.sent[-1])

    agent.receive({**ATTACHED, "Name": "more.csv"})
    assert agent.call("Upload a file", sessionId=session) == {"fileNames": "more.csv", "sessionId": session}


def with_address(agent: Agent, connector: Api) -> Agent:
    """The agent whose maker has put the address of the connector into the topic."""
    topic = agent.files["topics/ShowAChart.mcs.yml"]
    (group,) = members_of(topic, "ConditionGroup")
    (condition,) = group["conditions"]
    condition["condition"] = condition["condition"].replace(f"{HOST}/api", connector.url)
    return agent

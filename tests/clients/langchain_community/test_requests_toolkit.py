"""langchain-community: the agents' document as reduce_openapi_spec reduces it, and LangChain's tools for requests.

It makes no tool of an operation: a model reads the document as text, and asks general tools for GET, POST and DELETE.
"""

import json
import re
from urllib.parse import quote, urlencode

import pytest
import yaml
from every_operation import EveryOperation, operations
from langchain_community.agent_toolkits.openapi.planner import create_openapi_agent
from langchain_community.agent_toolkits.openapi.spec import reduce_openapi_spec
from langchain_community.agent_toolkits.openapi.toolkit import RequestsToolkit
from langchain_community.utilities.requests import RequestsWrapper, TextRequestsWrapper
from langchain_core.language_models.llms import LLM
from pydantic import Field


@pytest.fixture
def reduced(connector):
    return reduce_openapi_spec(connector.document)


@pytest.fixture
def tools(connector):
    wrapper = TextRequestsWrapper(headers={"x-functions-key": connector.key})
    toolkit = RequestsToolkit(requests_wrapper=wrapper, allow_dangerous_requests=True)
    return {tool.name: tool for tool in toolkit.get_tools()}


@pytest.fixture
def told(connector, reduced, tools):
    """What a call gives that follows the document: arguments stand in the path, the query or the body."""

    def told(operation_id, **arguments):
        method, path, operation = operations(connector.document)[operation_id]
        places = {parameter["name"]: parameter["in"] for parameter in operation.get("parameters", [])}
        for name in re.findall(r"\{(\w+)\}", path):
            path = path.replace(f"{{{name}}}", quote(arguments.pop(name), safe=""))
        query = {
            name: value if isinstance(value, str) else json.dumps(value)
            for name, value in arguments.items()
            if places.get(name) == "query"
        }
        address = reduced.servers[0]["url"] + path + (f"?{urlencode(query)}" if query else "")
        body = {name: value for name, value in arguments.items() if name not in query}
        asked = json.dumps({"url": address, "data": body}) if method == "POST" else address
        return tools[f"requests_{method.lower()}"].invoke(asked)

    return told


@pytest.fixture
def call(told):
    async def call(operation_id, **arguments):
        text = told(operation_id, **arguments)
        return json.loads(text) if text else None

    return call


class TestEveryOperation(EveryOperation):
    """Through the tools for requests."""


def test_each_operation_is_an_endpoint(reduced, connector):
    """A planner is shown method, path and `description`; the address is where the app is."""
    assert [(name, description) for name, description, _ in reduced.endpoints] == [
        (f"{method} {path}", entry["description"]) for method, path, entry in operations(connector.document).values()
    ]
    assert reduced.servers == [{"url": connector.url}]
    assert reduced.description == connector.document["info"]["description"]


def test_an_endpoint_has_what_a_call_needs(reduced, connector):
    """The parameters that it must have, its whole body, and what success looks like; nothing is a reference."""
    for (_, _, operation), (_, _, shown) in zip(
        operations(connector.document).values(), reduced.endpoints, strict=True
    ):
        required = [parameter for parameter in operation.get("parameters", []) if parameter.get("required")]
        assert shown.get("parameters", []) == required
        assert shown.get("requestBody") == operation.get("requestBody")
        assert shown.get("responses") == operation["responses"].get("200")
        assert "$ref" not in json.dumps(shown)


def test_an_error_is_told_in_the_connectors_words(told):
    """The model reads what is wrong and what to do."""
    error = json.loads(told("ExecutePythonCode", pythonCode="1", timeoutInSeconds=6000))["error"]
    assert error["message"] == "timeoutInSeconds is 6000. Send a value from 1 to 3600."


def test_a_file_that_is_not_there_is_told(told, session_id):
    """The error says how to find out what is there."""
    error = json.loads(told("GetFile", sessionId=session_id, fileName="none.csv"))["error"]
    assert error["code"] == "FileNotFound" and "ListFiles" in error["message"]


class ScriptedModel(LLM):
    """Says its lines one after the other, and keeps what it was asked."""

    lines: list[str]
    asked: list[str] = Field(default_factory=list)

    @property
    def _llm_type(self):
        return "scripted"

    def _call(self, prompt, stop=None, run_manager=None, **options):
        self.asked.append(prompt)
        return self.lines[len(self.asked) - 1]


def test_the_openapi_agent_plans_and_runs_code(reduced, connector):
    """The agent of create_openapi_agent shows the planner all endpoints, and whoever calls them their documentation."""
    plan = "1. POST /executions with the code 6 * 7"
    request = {"url": f"{connector.url}/executions", "data": {"pythonCode": "6 * 7"}, "output_instructions": "result"}
    model = ScriptedModel(
        lines=[
            "I should plan.\nAction: api_planner\nAction Input: What is 6 * 7?",
            plan,
            f"I have a plan.\nAction: api_controller\nAction Input: {plan}",
            f"I should run the code.\nAction: requests_post\nAction Input: {json.dumps(request)}",
            "The result is 42.",
            "I am finished executing the plan.\nFinal Answer: The result is 42.",
            "I am finished executing a plan.\nFinal Answer: It is 42.",
        ]
    )
    agent = create_openapi_agent(
        reduced,
        RequestsWrapper(headers={"x-functions-key": connector.key}),
        model,
        verbose=False,
        allow_dangerous_requests=True,
    )
    assert agent.invoke({"input": "What is 6 * 7?"})["output"] == "It is 42."
    _, to_planner, _, to_controller, to_reader, *_ = model.asked
    for method, path, operation in operations(connector.document).values():
        assert f"- {method} {path} {operation['description']}" in to_planner
    (run,) = [shown for name, _, shown in reduced.endpoints if name == "POST /executions"]
    assert f"Base url: {connector.url}\n" in to_controller and yaml.dump(run) in to_controller
    assert '"status": "Succeeded", "result": "42"' in to_reader

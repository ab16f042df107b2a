"""langchain-community: the agents' document, reduced by reduce_openapi_spec, and LangChain's generic request tools.

Operations do not become tools: a model reads the document as text, and calls generic tools for GET, POST and DELETE.
"""

import json
import re
from urllib.parse import quote, urlencode

import pytest
import yaml
from every_operation import EveryOperation, dereferenced, operations
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
def response(connector, reduced, tools):
    """Returns a function that calls an operation as documented, with arguments in the path, query or body."""

    def response(operation_id, **arguments):
        method, path, operation = operations(connector.document)[operation_id]
        locations = {parameter["name"]: parameter["in"] for parameter in operation.get("parameters", [])}
        for name in re.findall(r"\{(\w+)\}", path):
            path = path.replace(f"{{{name}}}", quote(arguments.pop(name), safe=""))
        query = {
            name: value if isinstance(value, str) else json.dumps(value)
            for name, value in arguments.items()
            if locations.get(name) == "query"
        }
        url = reduced.servers[0]["url"] + path + (f"?{urlencode(query)}" if query else "")
        body = {name: value for name, value in arguments.items() if name not in query}
        argument = json.dumps({"url": url, "data": body}) if method in ("POST", "PUT") else url
        return tools[f"requests_{method.lower()}"].invoke(argument)

    return response


@pytest.fixture
def call(response):
    async def call(operation_id, **arguments):
        text = response(operation_id, **arguments)
        return json.loads(text) if text else None

    return call


class TestEveryOperation(EveryOperation):
    """Through the generic request tools."""


def test_each_operation_is_an_endpoint(reduced, connector):
    """A planner reads method, path and `description`; the server URL is that of the app."""
    assert [(name, description) for name, description, _ in reduced.endpoints] == [
        (f"{method} {path}", entry["description"]) for method, path, entry in operations(connector.document).values()
    ]
    assert reduced.servers == [{"url": connector.url}]
    assert reduced.description == connector.document["info"]["description"]


def test_endpoint_has_everything_that_a_call_needs(reduced, connector):
    """Its required parameters, its complete body, and its success response; the library resolves references."""
    for (_, _, operation), (_, _, endpoint) in zip(
        operations(connector.document).values(), reduced.endpoints, strict=True
    ):
        required = [parameter for parameter in operation.get("parameters", []) if parameter.get("required")]
        assert endpoint.get("parameters", []) == required
        assert endpoint.get("requestBody") == operation.get("requestBody")
        assert endpoint.get("responses") == dereferenced(operation["responses"].get("200"), connector.document)
        assert "$ref" not in json.dumps(endpoint)


def test_error_message_reaches_the_model(response):
    """The model reads the connector's message: the problem and the remedy."""
    error = json.loads(response("ExecutePythonCode", pythonCode="1", timeoutInSeconds=6000))["error"]
    assert error["message"] == "timeoutInSeconds is 6000. Send a value from 1 to 3600."


def test_missing_file_is_reported(response, session_id):
    """The message states how to list the files that exist."""
    error = json.loads(response("GetFile", sessionId=session_id, fileName="none.csv"))["error"]
    assert error["code"] == "FileNotFound" and "ListFiles" in error["message"]


class ScriptedModel(LLM):
    """Returns its lines one after the other, and records its prompts."""

    lines: list[str]
    prompts: list[str] = Field(default_factory=list)

    @property
    def _llm_type(self):
        return "scripted"

    def _call(self, prompt, stop=None, run_manager=None, **options):
        self.prompts.append(prompt)
        return self.lines[len(self.prompts) - 1]


def test_openapi_agent_plans_and_runs_code(reduced, connector):
    """create_openapi_agent gives the planner all endpoints, and the controller their documentation."""
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
    _, to_planner, _, to_controller, to_reader, *_ = model.prompts
    for method, path, operation in operations(connector.document).values():
        assert f"- {method} {path} {operation['description']}" in to_planner
    (run,) = [endpoint for name, _, endpoint in reduced.endpoints if name == "POST /executions"]
    assert f"Base url: {connector.url}\n" in to_controller and yaml.dump(run) in to_controller
    assert '"status": "Succeeded", "result": "42"' in to_reader

"""google-adk: the tools that OpenAPIToolset makes of the agents' document, called on the running connector.

An agent of the kit runs, whose model is a script: it asks for one call, and reads the answer. What it is told of a call
without an answer is an empty text.
"""

import json

import pytest
from every_operation import EveryOperation, for_each_operation, operations, snake_case
from google.adk.agents import LlmAgent
from google.adk.models import BaseLlm, LlmResponse
from google.adk.runners import InMemoryRunner
from google.adk.tools.openapi_tool import OpenAPIToolset
from google.adk.tools.openapi_tool.auth.auth_helpers import token_to_scheme_credential
from google.genai import types
from pydantic import Field

pytestmark = pytest.mark.anyio


class ScriptedModel(BaseLlm):
    """Asks for one call. `shown` is what it saw of the tools, by name, and `told` what it saw of the answer."""

    asks_for: types.Part
    shown: dict = Field(default_factory=dict)
    told: list = Field(default_factory=list)

    async def generate_content_async(self, request, stream=False):
        self.shown = {each.name: each for tool in request.config.tools for each in tool.function_declarations}
        (last,) = request.contents[-1].parts
        says = self.asks_for
        if last.function_response is not None:
            self.told.append(last.function_response.response)
            says = types.Part(text="That is it.")
        yield LlmResponse(content=types.Content(role="model", parts=[says]))


@pytest.fixture
def ask(connector):
    """Runs an agent, whose model asks for the call and is returned."""
    scheme, credential = token_to_scheme_credential("apikey", "header", "x-functions-key", connector.key)

    async def ask(operation_id, arguments, auth_credential=credential):
        tools = OpenAPIToolset(
            spec_str=json.dumps(connector.document),
            auth_scheme=scheme,
            auth_credential=auth_credential,
            allow_private_network_access=True,  # the connector is on this machine
        )
        call = types.Part.from_function_call(name=snake_case(operation_id), args=arguments)
        model = ScriptedModel(model="scripted", asks_for=call)
        runner = InMemoryRunner(agent=LlmAgent(name="analyst", model=model, tools=[tools]))
        session = await runner.session_service.create_session(app_name=runner.app_name, user_id="user")
        question = types.Content(role="user", parts=[types.Part(text="How much did we sell?")])
        async for _ in runner.run_async(user_id="user", session_id=session.id, new_message=question):
            pass
        return model

    return ask


@pytest.fixture
def told(ask):
    """What the model is told of a call; arguments have names in snake case here."""

    async def told(operation_id, **arguments):
        model = await ask(operation_id, {snake_case(name): value for name, value in arguments.items()})
        (answer,) = model.told
        return answer

    return told


@pytest.fixture
def call(told):
    async def call(operation_id, **arguments):
        answer = await told(operation_id, **arguments)
        return None if answer == {"text": ""} else answer

    return call


@pytest.fixture
async def shown(ask):
    return (await ask("CheckConnection", {})).shown


class TestEveryOperation(EveryOperation):
    """Through an agent's tools."""


async def test_each_operation_is_a_tool(shown, connector):
    """Its name is the operationId in snake case."""
    assert sorted(shown) == sorted(snake_case(operation_id) for operation_id in operations(connector.document))


async def test_a_tools_description_is_the_operations(shown, connector):
    """What the model sees is `description`."""
    for operation_id, (_, _, operation) in operations(connector.document).items():
        assert shown[snake_case(operation_id)].description == operation["description"]


@for_each_operation
async def test_a_tools_arguments_are_flat(shown, operation_id, required, optional):
    """Parameters and the body's members stand side by side, each with its type and a description."""
    schema = shown[snake_case(operation_id)].parameters_json_schema
    types_of_arguments = {snake_case(name): kind for name, kind in (required | optional).items()}
    assert {name: entry["type"] for name, entry in schema["properties"].items()} == types_of_arguments
    assert set(schema["required"]) == {snake_case(name) for name in required}
    assert all(entry["description"] for entry in schema["properties"].values())


async def test_an_error_is_told_in_the_connectors_words(told):
    """The model reads what is wrong and what to do."""
    error = (await told("ExecutePythonCode", pythonCode="1", timeoutInSeconds=6000))["error"]
    assert "400" in error and "timeoutInSeconds is 6000. Send a value from 1 to 3600." in error


async def test_a_file_that_is_not_there_is_told(told, session_id):
    """The error says how to find out what is there."""
    error = (await told("GetFile", sessionId=session_id, fileName="none.csv"))["error"]
    assert "FileNotFound" in error and "ListFiles" in error


async def test_with_a_wrong_key_nothing_is_called(ask):
    """The document is open, its operations are not."""
    _, wrong = token_to_scheme_credential("apikey", "header", "x-functions-key", "wrong")
    (answer,) = (await ask("CheckConnection", {}, wrong)).told
    assert "401" in answer["error"]

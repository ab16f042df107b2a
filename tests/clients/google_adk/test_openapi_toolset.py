"""google-adk: the tools that OpenAPIToolset generates from the agents' document, called on a running connector.

An agent with a scripted model calls them: the model requests one call and reads the response. For a response without
content, it gets an empty text.
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
    """Requests one call. `declarations` has the tools that it was given, by name, and `responses` the responses."""

    requested_call: types.Part
    declarations: dict = Field(default_factory=dict)
    responses: list = Field(default_factory=list)

    async def generate_content_async(self, request, stream=False):
        self.declarations = {each.name: each for tool in request.config.tools for each in tool.function_declarations}
        (last,) = request.contents[-1].parts
        part = self.requested_call
        if last.function_response is not None:
            self.responses.append(last.function_response.response)
            part = types.Part(text="Done.")
        yield LlmResponse(content=types.Content(role="model", parts=[part]))


@pytest.fixture
def ask(connector):
    """Returns a function that runs an agent, whose model requests a call, and returns the model."""
    scheme, credential = token_to_scheme_credential("apikey", "header", "x-functions-key", connector.key)

    async def ask(operation_id, arguments, auth_credential=credential):
        tools = OpenAPIToolset(
            spec_str=json.dumps(connector.document),
            auth_scheme=scheme,
            auth_credential=auth_credential,
            allow_private_network_access=True,  # the connector is on this machine
        )
        call = types.Part.from_function_call(name=snake_case(operation_id), args=arguments)
        model = ScriptedModel(model="scripted", requested_call=call)
        runner = InMemoryRunner(agent=LlmAgent(name="analyst", model=model, tools=[tools]))
        session = await runner.session_service.create_session(app_name=runner.app_name, user_id="user")
        question = types.Content(role="user", parts=[types.Part(text="How much did we sell?")])
        async for _ in runner.run_async(user_id="user", session_id=session.id, new_message=question):
            pass
        return model

    return ask


@pytest.fixture
def response(ask):
    """Returns a function that returns the response to a call as the model gets it. Argument names are in snake case."""

    async def response(operation_id, **arguments):
        model = await ask(operation_id, {snake_case(name): value for name, value in arguments.items()})
        (received,) = model.responses
        return received

    return response


@pytest.fixture
def call(response):
    async def call(operation_id, **arguments):
        received = await response(operation_id, **arguments)
        return None if received == {"text": ""} else received

    return call


@pytest.fixture
async def declarations(ask):
    return (await ask("CheckConnection", {})).declarations


class TestEveryOperation(EveryOperation):
    """Through an agent's tools."""


async def test_each_operation_is_a_tool(declarations, connector):
    """Its name is the operationId in snake case."""
    assert sorted(declarations) == sorted(snake_case(operation_id) for operation_id in operations(connector.document))


async def test_tool_description_is_that_of_the_operation(declarations, connector):
    """The model reads `description`."""
    for operation_id, (_, _, operation) in operations(connector.document).items():
        assert declarations[snake_case(operation_id)].description == operation["description"]


@for_each_operation
async def test_tool_arguments_are_flat(declarations, operation_id, required, optional):
    """Parameters and members of the body are arguments of one function, each with its type and a description."""
    schema = declarations[snake_case(operation_id)].parameters_json_schema
    types_of_arguments = {snake_case(name): kind for name, kind in (required | optional).items()}
    assert {name: entry["type"] for name, entry in schema["properties"].items()} == types_of_arguments
    assert set(schema["required"]) == {snake_case(name) for name in required}
    assert all(entry["description"] for entry in schema["properties"].values())


async def test_error_message_reaches_the_model(response):
    """The model reads the connector's message: the problem and the remedy."""
    error = (await response("ExecutePythonCode", pythonCode="1", timeoutInSeconds=6000))["error"]
    assert "400" in error and "timeoutInSeconds is 6000. Send a value from 1 to 3600." in error


async def test_missing_file_is_reported(response, session_id):
    """The message states how to list the files that exist."""
    error = (await response("GetFile", sessionId=session_id, fileName="none.csv"))["error"]
    assert "FileNotFound" in error and "ListFiles" in error


async def test_wrong_key_is_rejected(ask):
    """The document needs no key, but its operations do."""
    _, wrong = token_to_scheme_credential("apikey", "header", "x-functions-key", "wrong")
    (received,) = (await ask("CheckConnection", {}, wrong)).responses
    assert "401" in received["error"]

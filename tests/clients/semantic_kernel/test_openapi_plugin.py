"""semantic-kernel: the plugin that it makes of the agents' document, called on the running connector.

The kernel calls its functions as it does when a model asks for them, and the answer is what it puts into the chat.
"""

import json

import httpx
import pytest
from every_operation import EveryOperation, for_each_operation, operations
from semantic_kernel import Kernel
from semantic_kernel.connectors.ai.function_calling_utils import kernel_function_metadata_to_function_call_format
from semantic_kernel.connectors.ai.function_choice_behavior import FunctionChoiceBehavior
from semantic_kernel.connectors.openapi_plugin import OpenAPIFunctionExecutionParameters
from semantic_kernel.contents import ChatHistory, FunctionCallContent
from semantic_kernel.filters import FilterTypes
from semantic_kernel.functions import FunctionResult

pytestmark = pytest.mark.anyio


@pytest.fixture
def kernel(connector):
    """It reads the document from the app, and asks a callback for the key."""

    async def key(**_):
        return {"x-functions-key": connector.key}

    return kernel_for(connector, auth_callback=key)


def kernel_for(connector, **settings):
    kernel = Kernel()
    kernel.add_plugin_from_openapi(
        "code",
        openapi_document_path=connector.document_url,
        execution_settings=OpenAPIFunctionExecutionParameters(
            # The kernel calls no address of this machine, and nothing without TLS, that it was not told of.
            server_url_validation_allowed_base_urls=[connector.url],
            **settings,
        ),
    )
    return kernel


@pytest.fixture
def shown(kernel):
    """What a model is shown of each function."""
    functions = [
        kernel_function_metadata_to_function_call_format(metadata)["function"]
        for metadata in kernel.get_full_list_of_function_metadata()
    ]
    return {function["name"]: function for function in functions}


async def told(kernel, operation_id, **arguments):
    """What the model is told of a call."""
    asked = FunctionCallContent(id="1", name=f"code-{operation_id}", arguments=json.dumps(arguments))
    chat = ChatHistory()
    await kernel.invoke_function_call(asked, chat, function_behavior=FunctionChoiceBehavior.Auto())
    (answer,) = chat.messages[-1].items
    return answer.result


@pytest.fixture
def call(kernel):
    async def call(operation_id, **arguments):
        text = await told(kernel, operation_id, **arguments)
        return json.loads(text) if text else None

    return call


class TestEveryOperation(EveryOperation):
    """Through the functions of a plugin."""


async def test_each_operation_is_a_function(kernel, connector):
    """Its name is the operationId."""
    assert list(kernel.get_plugin("code").functions) == list(operations(connector.document))


async def test_a_functions_description_is_the_summary(shown, connector):
    """What the model sees is `summary`, which must do alone."""
    for operation_id, (_, _, operation) in operations(connector.document).items():
        assert shown[f"code-{operation_id}"]["description"] == operation["summary"]


@for_each_operation
async def test_a_functions_arguments_are_flat(shown, operation_id, required, optional):
    """Parameters and the body's members stand side by side, each with its type and a description."""
    schema = shown[f"code-{operation_id}"]["parameters"]
    assert {name: entry["type"] for name, entry in schema["properties"].items()} == required | optional
    assert set(schema["required"]) == set(required)
    assert all(entry["description"] for entry in schema["properties"].values())


async def test_a_missing_argument_is_told_before_the_call(kernel):
    """The kernel names it, for the model to try again."""
    assert "Missing required argument(s): ['sessionId']" in await told(kernel, "ListFiles")


async def test_an_error_is_told_without_its_reason(kernel):
    """The kernel keeps the connector's words from the model: it learns that the call failed, and no more."""
    text = await told(kernel, "ExecutePythonCode", pythonCode="1", timeoutInSeconds=6000)
    assert text.endswith("Error running OpenAPI operation: ExecutePythonCode")


async def test_a_filter_passes_the_connectors_words_on(kernel, session_id):
    """What the connector said is in the cause of the kernel's exception."""

    @kernel.filter(FilterTypes.FUNCTION_INVOCATION)
    async def tell_the_reason(context, next):
        try:
            await next(context)
        except Exception as failure:
            if not isinstance(failure.__cause__, httpx.HTTPStatusError):
                raise
            context.result = FunctionResult(function=context.function.metadata, value=failure.__cause__.response.text)

    text = await told(kernel, "GetFile", sessionId=session_id, fileName="none.csv")
    assert json.loads(text)["error"]["code"] == "FileNotFound"
    assert await told(kernel, "EndSession", sessionId=session_id) == ""


async def test_without_the_key_nothing_is_called(connector):
    """The document is open, its operations are not."""
    function = kernel_for(connector).get_function("code", "CheckConnection")
    with pytest.raises(Exception) as failure:
        await function.invoke(Kernel())
    causes = [failure.value]
    while causes[-1].__cause__ is not None:
        causes.append(causes[-1].__cause__)
    assert causes[-1].response.status_code == 401

"""semantic-kernel: the plugin generated from the agents' document, called on a running connector.

The kernel invokes its functions as for a function call of a model; the response is what it adds to the chat.
"""

import json
import runpy

import pytest
from every_operation import EveryOperation, for_each_operation, operations
from programs import ROOT
from semantic_kernel import Kernel
from semantic_kernel.connectors.ai.function_calling_utils import kernel_function_metadata_to_function_call_format
from semantic_kernel.connectors.ai.function_choice_behavior import FunctionChoiceBehavior
from semantic_kernel.connectors.openapi_plugin import OpenAPIFunctionExecutionParameters
from semantic_kernel.contents import ChatHistory, FunctionCallContent
from semantic_kernel.filters import FilterTypes

pytestmark = pytest.mark.anyio


@pytest.fixture
def kernel(connector):
    """It reads the document from the app, and gets the key from a callback."""

    async def key(**_):
        return {"x-functions-key": connector.key}

    return kernel_for(connector, auth_callback=key)


def kernel_for(connector, **settings):
    kernel = Kernel()
    kernel.add_plugin_from_openapi(
        "code",
        openapi_document_path=connector.document_url,
        execution_settings=OpenAPIFunctionExecutionParameters(
            # The kernel calls local URLs, and URLs without TLS, only if they are allowed.
            server_url_validation_allowed_base_urls=[connector.url],
            **settings,
        ),
    )
    return kernel


@pytest.fixture
def declarations(kernel):
    """Each function as the model reads it."""
    functions = [
        kernel_function_metadata_to_function_call_format(metadata)["function"]
        for metadata in kernel.get_full_list_of_function_metadata()
    ]
    return {function["name"]: function for function in functions}


async def response(kernel, operation_id, **arguments):
    """The response to a call, as the model reads it."""
    function_call = FunctionCallContent(id="1", name=f"code-{operation_id}", arguments=json.dumps(arguments))
    chat = ChatHistory()
    await kernel.invoke_function_call(function_call, chat, function_behavior=FunctionChoiceBehavior.Auto())
    (content,) = chat.messages[-1].items
    return content.result


@pytest.fixture
def call(kernel):
    async def call(operation_id, **arguments):
        text = await response(kernel, operation_id, **arguments)
        return json.loads(text) if text else None

    return call


class TestEveryOperation(EveryOperation):
    """Through the functions of a plugin."""


async def test_each_operation_is_a_function(kernel, connector):
    """Its name is the operationId."""
    assert list(kernel.get_plugin("code").functions) == list(operations(connector.document))


async def test_function_description_is_the_summary(declarations, connector):
    """The model reads only `summary`, which must be sufficient."""
    for operation_id, (_, _, operation) in operations(connector.document).items():
        assert declarations[f"code-{operation_id}"]["description"] == operation["summary"]


@for_each_operation
async def test_function_arguments_are_flat(declarations, operation_id, required, optional):
    """Parameters and members of the body are arguments of one function, each with its type and a description."""
    schema = declarations[f"code-{operation_id}"]["parameters"]
    assert {name: entry["type"] for name, entry in schema["properties"].items()} == required | optional
    assert set(schema["required"]) == set(required)
    assert all(entry["description"] for entry in schema["properties"].values())


async def test_missing_argument_is_reported_before_the_call(kernel):
    """The kernel names it, so that the model can try again."""
    assert "Missing required argument(s): ['sessionId']" in await response(kernel, "ListFiles")


async def test_error_is_reported_without_its_reason(kernel):
    """The kernel withholds the connector's message: the model only reads that the call failed."""
    text = await response(kernel, "ExecutePythonCode", pythonCode="1", timeoutInSeconds=6000)
    assert text.endswith("Error running OpenAPI operation: ExecutePythonCode")


async def test_filter_can_pass_on_the_error_message(kernel, session_id):
    """That of the example: the cause of the kernel's exception has the connector's message."""
    example = runpy.run_path(str(ROOT / "examples" / "agents" / "semantic_kernel_openapi.py"))
    kernel.add_filter(FilterTypes.FUNCTION_INVOCATION, example["pass_on_errors"])
    text = await response(kernel, "GetFile", sessionId=session_id, fileName="none.csv")
    assert json.loads(text)["error"]["code"] == "FileNotFound"
    assert await response(kernel, "EndSession", sessionId=session_id) == ""


async def test_operations_require_the_key(connector):
    """The document needs no key, but its operations do."""
    function = kernel_for(connector).get_function("code", "CheckConnection")
    with pytest.raises(Exception) as failure:
        await function.invoke(Kernel())
    causes = [failure.value]
    while causes[-1].__cause__ is not None:
        causes.append(causes[-1].__cause__)
    assert causes[-1].response.status_code == 401

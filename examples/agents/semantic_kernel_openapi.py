"""Semantic Kernel: an agent with the operations of the connector's OpenAPI document. Each argument is a message.

    make run                                     # the connector, in another terminal
    pip install semantic-kernel
    export OPENAI_API_KEY=... OPENAI_MODEL=...   # OPENAI_BASE_URL too, for another endpoint of Chat Completions
    python semantic_kernel_openapi.py "Which of the first 1000 primes has the largest gap before it?" "And the mean?"

For a deployed connector, set CONNECTOR_URL (such as https://YOUR-APP.azurewebsites.net/api) and CONNECTOR_KEY.
"""

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable

import httpx
from semantic_kernel import Kernel
from semantic_kernel.agents import ChatCompletionAgent, ChatHistoryAgentThread
from semantic_kernel.connectors.ai.open_ai import OpenAIChatCompletion
from semantic_kernel.connectors.openapi_plugin import OpenAPIFunctionExecutionParameters
from semantic_kernel.filters import FilterTypes, FunctionInvocationContext
from semantic_kernel.functions import FunctionResult

URL = os.environ.get("CONNECTOR_URL", "http://127.0.0.1:7071/api")
KEY = os.environ.get("CONNECTOR_KEY", "")
INSTRUCTIONS = """You are a data analyst. Run Python code for everything that has to be calculated.
Pass the session ID of the first result to all later calls: files and variables are kept in it.
If code fails, read the error and its hint, and correct the code. Ask for contents of files only if you need them."""


async def main(messages: list[str]) -> None:
    async def key(**_: object) -> dict[str, str]:
        return {"x-functions-key": KEY}

    kernel = Kernel()
    kernel.add_service(OpenAIChatCompletion(ai_model_id=os.environ["OPENAI_MODEL"]))
    parameters = OpenAPIFunctionExecutionParameters(
        auth_callback=key, timeout=120, operations_to_exclude=["EndSession", "DeleteFile", "CheckConnection"]
    )
    if URL.startswith("http:"):  # Semantic Kernel calls addresses without TLS only if it is told to
        parameters.server_url_validation_allowed_base_urls = [URL]
    kernel.add_plugin_from_openapi("code", f"{URL}/openapi.json", execution_settings=parameters)
    kernel.add_filter(FilterTypes.FUNCTION_INVOCATION, pass_on_errors)
    agent, thread = ChatCompletionAgent(kernel=kernel, instructions=INSTRUCTIONS), ChatHistoryAgentThread()
    for message in messages:
        print(await agent.get_response(message, thread=thread))


async def pass_on_errors(context: FunctionInvocationContext, next: Callable[..., Awaitable[None]]) -> None:
    """Without this filter, the model reads that a call failed, but not why."""
    try:
        await next(context)
    except Exception as failure:
        if not isinstance(failure.__cause__, httpx.HTTPStatusError):
            raise
        context.result = FunctionResult(function=context.function.metadata, value=failure.__cause__.response.text)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))

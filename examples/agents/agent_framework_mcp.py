"""Microsoft Agent Framework: an agent that runs Python over MCP. Each argument is a message of one conversation.

    make run                                     # the connector, in another terminal
    pip install agent-framework-core agent-framework-openai mcp tenacity
    export OPENAI_API_KEY=... OPENAI_MODEL=...   # OPENAI_BASE_URL too, for another endpoint of the Responses API
    python agent_framework_mcp.py "Which of the first 1000 primes has the largest gap before it?" "Draw the gaps."

For a deployed connector, set CONNECTOR_URL (such as https://YOUR-APP.azurewebsites.net/api) and CONNECTOR_KEY.
"""

import asyncio
import os
import sys

from agent_framework import Agent, MCPStreamableHTTPTool
from agent_framework.openai import OpenAIChatClient

URL = os.environ.get("CONNECTOR_URL", "http://127.0.0.1:7071/api")
KEY = os.environ.get("CONNECTOR_KEY", "")
INSTRUCTIONS = """You are a data analyst. Run Python code for everything that has to be calculated or drawn.
Pass the session ID of the first result to all later calls: files and variables are kept in it.
If code fails, read the error and its hint, and correct the code. Share a file when the user is to get it."""


async def main(messages: list[str]) -> None:
    interpreter = MCPStreamableHTTPTool(
        "code_interpreter",
        f"{URL}/mcp",
        static_headers={"x-functions-key": KEY},
        load_prompts=False,
        # Text and images reach the model. By default, a result with structured content would lose both.
        tool_result_content="content_only",
        # Nobody is asked before a call, so what deletes is not offered.
        allowed_tools=["ExecutePythonCode", "GetExecution", "UploadFile", "ListFiles", "GetFile", "ShareFile"],
    )
    # Without detailed errors, the model reads only "Function failed", and cannot correct its code.
    client = OpenAIChatClient(function_invocation_configuration={"include_detailed_errors": True})
    async with interpreter, Agent(client, INSTRUCTIONS, tools=interpreter) as agent:
        conversation = agent.create_session()
        for message in messages:
            print(await agent.run(message, session=conversation))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))

"""LangChain: an agent of `create_agent` that runs Python over MCP. Each argument is a message of one conversation.

    make run                                     # the connector, in another terminal
    pip install langchain langchain-openai langchain-mcp-adapters
    export OPENAI_API_KEY=... OPENAI_MODEL=...   # OPENAI_BASE_URL too, for another endpoint of the Responses API
    python langchain_mcp.py "Which of the first 1000 primes has the largest gap before it?" "Draw the gaps."

For a deployed connector, set CONNECTOR_URL (such as https://YOUR-APP.azurewebsites.net/api) and CONNECTOR_KEY.
"""

import asyncio
import os
import sys

from langchain.agents import create_agent
from langchain_mcp_adapters.client import MultiServerMCPClient
from langchain_openai import ChatOpenAI
from langgraph.checkpoint.memory import InMemorySaver

URL = os.environ.get("CONNECTOR_URL", "http://127.0.0.1:7071/api")
SERVER = f"{URL}/mcp?resourceLinks=false"  # OpenAI would fetch what a result links, and cannot: it is in a session
KEY = os.environ.get("CONNECTOR_KEY", "")
TOOLS = {"ExecutePythonCode", "GetExecution", "UploadFile", "ListFiles", "GetFile", "ShareFile"}  # none that deletes
INSTRUCTIONS = """You are a data analyst. Run Python code for everything that has to be calculated or drawn.
Pass the session ID of the first result to all later calls: files and variables are kept in it.
If code fails, read the error and its hint, and correct the code. Share a file when the user is to get it."""


async def main(messages: list[str]) -> None:
    servers = MultiServerMCPClient(
        {"code": {"transport": "streamable_http", "url": SERVER, "headers": {"x-functions-key": KEY}}}
    )
    tools = [tool for tool in await servers.get_tools() if tool.name in TOOLS]
    # Only the Responses API takes the images of a tool's result; Chat Completions takes its text alone.
    model = ChatOpenAI(model=os.environ["OPENAI_MODEL"], use_responses_api=True)
    agent = create_agent(model, tools, system_prompt=INSTRUCTIONS, checkpointer=InMemorySaver())
    for message in messages:
        state = await agent.ainvoke(
            {"messages": [{"role": "user", "content": message}]}, {"configurable": {"thread_id": "conversation"}}
        )
        print(state["messages"][-1].text)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))

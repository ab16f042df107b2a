"""OpenAI's Responses API: the model calls the connector's MCP server itself. Each argument is a message.

    pip install openai
    export OPENAI_API_KEY=... OPENAI_MODEL=...   # OPENAI_BASE_URL too, for another endpoint of the Responses API
    export CONNECTOR_URL=https://YOUR-APP.azurewebsites.net/api CONNECTOR_KEY=...
    python openai_responses_mcp.py "Which of the first 1000 primes has the largest gap before it?" "Draw the gaps."

OpenAI calls the connector from its cloud: it has to be deployed, and OpenAI gets the key.
"""

import os
import sys
from typing import Any

from openai import OpenAI
from openai.types.responses.tool_param import Mcp

INSTRUCTIONS = """You are a data analyst. Run Python code for everything that has to be calculated or drawn.
Pass the session ID of the first result to all later calls: files and variables are kept in it.
If code fails, read the error and its hint, and correct the code. Share a file when the user is to get it."""
ALLOWED = ["ExecutePythonCode", "GetExecution", "UploadFile", "ListFiles", "GetFile"]
CODE_INTERPRETER = Mcp(
    type="mcp",
    server_label="code_interpreter",
    server_url=f"{os.environ['CONNECTOR_URL']}/mcp",
    headers={"x-functions-key": os.environ["CONNECTOR_KEY"]},
    allowed_tools=[*ALLOWED, "ShareFile"],
    # The user is asked before a file gets an address that anyone can open.
    require_approval={"never": {"tool_names": ALLOWED}},
)


def main(messages: list[str]) -> None:
    client, model = OpenAI(), os.environ["OPENAI_MODEL"]
    conversation = client.conversations.create().id
    for message in messages:
        sent: list[Any] = [{"role": "user", "content": message}]
        while sent:
            response = client.responses.create(
                model=model, conversation=conversation, instructions=INSTRUCTIONS, tools=[CODE_INTERPRETER], input=sent
            )
            asked = [item for item in response.output if item.type == "mcp_approval_request"]
            sent = [approval(item.id, f"{item.name} {item.arguments}") for item in asked]
        print(response.output_text)


def approval(request_id: str, call: str) -> dict[str, Any]:
    allowed = input(f"Allow {call}? [y/N] ").strip().lower() == "y"
    return {"type": "mcp_approval_response", "approval_request_id": request_id, "approve": allowed}


if __name__ == "__main__":
    main(sys.argv[1:])

"""Microsoft Agent Framework: an agent with a tool of its own, which calls the connector over REST.

    make run                                     # the connector, in another terminal
    pip install agent-framework-core agent-framework-openai
    export OPENAI_API_KEY=... OPENAI_MODEL=...   # OPENAI_BASE_URL too, for another endpoint of the Responses API
    python agent_framework_tool.py sales.csv "Which region sold most?" "Draw a chart of it."

The first argument is uploaded; the others are messages of one conversation. The model never sees the session ID.
For a deployed connector, set CONNECTOR_URL (such as https://YOUR-APP.azurewebsites.net/api) and CONNECTOR_KEY.
"""

import asyncio
import base64
import json
import os
import sys
import uuid
from pathlib import Path
from typing import Annotated

import httpx2
from agent_framework import Agent, Content
from agent_framework.openai import OpenAIChatClient

URL = os.environ.get("CONNECTOR_URL", "http://127.0.0.1:7071/api")
HEADERS = {"x-functions-key": os.environ.get("CONNECTOR_KEY", "")}
FOR_THE_MODEL = ("status", "result", "stdout", "error", "notice", "files")


async def main(path: Path, messages: list[str]) -> None:
    session_id = str(uuid.uuid4())
    async with httpx2.AsyncClient(base_url=URL, headers=HEADERS, timeout=120) as connector:

        async def run_python(code: Annotated[str, "The value of the last line is returned."]) -> list[Content]:
            """Run Python code. Variables, and files in /mnt/data, are kept. Charts are returned as images."""
            run = {"sessionId": session_id, "pythonCode": code, "timeoutInSeconds": 600}
            response = await connector.post("/executions", json=run)
            while response.status_code == 202:  # still running
                await asyncio.sleep(int(response.headers["Retry-After"]))
                response = await connector.get(response.headers["Location"])
            result = response.raise_for_status().json()
            text = Content.from_text(json.dumps({name: result[name] for name in FOR_THE_MODEL if result.get(name)}))
            images = [each for each in result["outputs"] if each["contentType"] == "image/png" and "content" in each]
            return [text, *(Content.from_data(base64.b64decode(each["content"]), "image/png") for each in images)]

        upload = {"files": {"file": (path.name, path.read_bytes())}, "data": {"sessionId": session_id}}
        (await connector.post("/files", **upload)).raise_for_status()
        instructions = f"You are a data analyst. The user's file is /mnt/data/{path.name}. Run Python code to answer."
        agent = Agent(OpenAIChatClient(), instructions, tools=[run_python])
        conversation = agent.create_session()
        for message in messages:
            print(await agent.run(message, session=conversation))


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2:]))

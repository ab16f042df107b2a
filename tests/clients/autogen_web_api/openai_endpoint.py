"""An endpoint with OpenAI's chat completions, and with those of Azure OpenAI, whose answers a test chooses."""

import contextlib
import json
from collections.abc import Iterator
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse

from .servers import serving


class OpenAIEndpoint:
    """`answers` are used in turn: a text, a dict with the arguments of a call of the tool, or a status.

    `requests` has the bodies that have arrived, and `keys` the authorization of each.
    """

    def __init__(self, *answers: str | dict[str, Any] | int) -> None:
        self._answers = list(answers)
        self.requests: list[dict[str, Any]] = []
        self.keys: list[str | None] = []

    @contextlib.contextmanager
    def running(self) -> Iterator[str]:
        """Yields the base URL of OpenAI. Azure's endpoint is its host."""
        app = FastAPI()
        app.post("/v1/chat/completions")(self._complete)
        app.post("/openai/deployments/some-deployment/chat/completions")(self._complete)
        with serving(app) as address:
            yield f"{address}/v1"

    async def _complete(self, request: Request) -> JSONResponse:
        self.requests.append(await request.json())
        self.keys.append(request.headers.get("Authorization"))
        answer = self._answers.pop(0)
        if isinstance(answer, int):
            return JSONResponse({"error": {"message": "a secret of the endpoint", "code": "x"}}, status_code=answer)
        message: dict[str, Any] = {"role": "assistant", "content": answer}
        if isinstance(answer, dict):
            function = {"name": "CodeExecutor", "arguments": json.dumps(answer)}
            message = {"role": "assistant", "tool_calls": [{"id": "call_1", "type": "function", "function": function}]}
        return JSONResponse(
            {
                "id": "1",
                "object": "chat.completion",
                "created": 1,
                "model": "some-model",
                "choices": [
                    {
                        "index": 0,
                        "message": message,
                        "finish_reason": "tool_calls" if "tool_calls" in message else "stop",
                    }
                ],
                "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
            }
        )

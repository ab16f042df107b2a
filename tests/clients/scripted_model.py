"""A model with a script, behind the Responses API and Chat Completions as OpenAI documents them, on loopback.

A script is a generator: it receives what the model is given, and yields what the model answers, a call of a tool or a
text. Frameworks reach it with OpenAI's own client, so what it receives is what a real model would.
"""

import base64
import json
import threading
import uuid
from collections.abc import Generator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Json = dict[str, Any]

IMAGE = "data:image/png;base64,"


@dataclass(frozen=True)
class Given:
    """What the model has been given since its last answer: a message of the user, or the result of its call."""

    text: str
    images: tuple[bytes, ...]
    tools: dict[str, Json] = field(repr=False)
    """The offered tools by name, each with `description` and `parameters`."""


@dataclass(frozen=True)
class Call:
    """The model calls a tool."""

    name: str
    arguments: Json


Script = Generator[Call | str | None, Given, None]
"""Its first `yield` answers nothing: it waits for the first message."""


class ScriptedModel:
    """Serves a script. `url` is what OPENAI_BASE_URL names."""

    def __init__(self, script: Script) -> None:
        self.requests: list[Json] = []
        """The bodies of all requests."""

        self._script = script
        self._calls = 0
        self._failure: BaseException | None = None
        next(script)
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        # As a daemon, so that a test that does not close it cannot keep pytest from ending.
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}/v1"

    def __enter__(self) -> "ScriptedModel":
        return self

    def __exit__(self, exception_type: type[BaseException] | None, *_: Any) -> None:
        """Stop serving. Raise what failed in the script, or an AssertionError if the script is not at its end."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        if self._failure is not None:
            raise self._failure
        if exception_type is None:
            for answer in self._script:
                raise AssertionError(f"The conversation ended before the model answered: {answer}")

    def respond(self, path: str, request: Json) -> Json:
        """The body of the response to a request."""
        self.requests.append(request)
        try:
            return {"/v1/responses": self.response, "/v1/chat/completions": self._completion}[path](request)
        except BaseException as failure:
            self._failure = self._failure or failure
            raise

    def answer(self, given: Given) -> Call | str:
        """What the script answers. Raises AssertionError for a tool that is not offered."""
        try:
            answered = self._script.send(given)
            assert answered is not None
            assert isinstance(answered, str) or answered.name in given.tools, f"{answered}: not in {list(given.tools)}"
            return answered
        except BaseException as failure:
            self._failure = self._failure or failure
            raise

    def response(self, request: Json) -> Json:
        """Of the Responses API."""
        last = request["input"][-1]
        if last.get("type") == "function_call_output":
            assert last["call_id"] == f"call_{self._calls}"
            text, images = _parts(last["output"])
        else:
            assert last["role"] == "user"
            text, images = _parts(last["content"])
        answered = self.answer(Given(text, images, {tool["name"]: tool for tool in request.get("tools", ())}))
        if isinstance(answered, Call):
            return response_with(
                [{"type": "function_call", "id": f"fc_{uuid.uuid4().hex}", **self._call(answered, "call_id")}]
            )
        return response_with([message(answered)])

    def _completion(self, request: Json) -> Json:
        """Of Chat Completions. Messages of tools have text alone, as OpenAI's reference states."""
        last = request["messages"][-1]
        if last["role"] == "tool":
            assert last["tool_call_id"] == f"call_{self._calls}"
        tools = {tool["function"]["name"]: tool["function"] for tool in request["tools"]}
        content = last["content"]
        text = content if isinstance(content, str) else "".join(part["text"] for part in content)
        answered = self.answer(Given(text, (), tools))
        reply: Json = {"role": "assistant", "content": answered if isinstance(answered, str) else None}
        if isinstance(answered, Call):
            call = self._call(answered, "id")
            reply["tool_calls"] = [{"id": call.pop("id"), "type": "function", "function": call}]
        choice = {"index": 0, "message": reply, "finish_reason": "tool_calls" if "tool_calls" in reply else "stop"}
        usage = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
        return {
            "id": f"chatcmpl-{uuid.uuid4().hex}",
            "object": "chat.completion",
            "created": 1,
            "model": "scripted",
            "choices": [choice],
            "usage": usage,
        }

    def _call(self, call: Call, id_name: str) -> Json:
        self._calls += 1
        return {id_name: f"call_{self._calls}", "name": call.name, "arguments": json.dumps(call.arguments)}


def response_with(output: list[Json]) -> Json:
    """A response of the Responses API."""
    usage = {
        "input_tokens": 1,
        "input_tokens_details": {"cached_tokens": 0},
        "output_tokens": 1,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": 2,
    }
    return {
        "id": f"resp_{uuid.uuid4().hex}",
        "object": "response",
        "created_at": 1,
        "status": "completed",
        "model": "scripted",
        "output": output,
        "usage": usage,
        "tools": [],
        "tool_choice": "auto",
        "parallel_tool_calls": False,
    }


def message(text: str) -> Json:
    """A message of the model, as an item of `output`."""
    content = [{"type": "output_text", "text": text, "annotations": []}]
    return {
        "type": "message",
        "id": f"msg_{uuid.uuid4().hex}",
        "role": "assistant",
        "status": "completed",
        "content": content,
    }


def _parts(content: str | list[Json]) -> tuple[str, tuple[bytes, ...]]:
    """Text and images of a message, or of a tool's result. Raises AssertionError for parts that OpenAI refuses."""
    if isinstance(content, str):
        return content, ()
    assert {part["type"] for part in content} <= {"input_text", "input_image"}, content
    text = "\n".join(part["text"] for part in content if part["type"] == "input_text")
    addresses = [part["image_url"] for part in content if part["type"] == "input_image"]
    assert all(address.startswith(IMAGE) for address in addresses)
    return text, tuple(base64.b64decode(address.removeprefix(IMAGE)) for address in addresses)


def _handler(model: ScriptedModel) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            request = json.loads(self.rfile.read(int(self.headers["Content-Length"])) or b"{}")
            try:
                status, body = 200, model.respond(self.path, request)
            except BaseException as failure:
                # 400 is a status that no client repeats.
                status, body = 400, {"error": {"message": repr(failure), "type": "script", "code": None, "param": None}}
            content = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: Any) -> None:
            pass

    return Handler

"""Runs the subset of Logic Apps' workflow language that the example uses: expressions, and actions in order.

A function that gets the agent's tools takes the place of the agent's model. Functions and operators follow Microsoft's
reference (Azure Logic Apps, "Reference guide to workflow expression functions"); others fail.
"""

import base64
import json
import re
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import requests

Json = dict[str, Any]
Model = Callable[[dict[str, Callable[..., dict[str, Any]]]], str]

LONGEST_PAUSE_SECONDS = 2.0
"""Tests do not wait longer, even if Retry-After is longer."""

_INTERPOLATION = re.compile(r"@@{|@{(.*?)}")
_TOKEN = re.compile(r"\s*(?:(?P<name>[A-Za-z]\w*)|'(?P<text>(?:[^']|'')*)'|(?P<sign>\?\[|[\[\](),]))")


class Expression:
    """One expression, such as `body('Upload_file')?['sessionId']`: calls, strings, and members of their results."""

    def __init__(self, text: str, functions: dict[str, Callable[..., Any]]) -> None:
        self._tokens = list(_tokens(text))
        self._functions = functions

    def value(self) -> Any:
        found = self._term()
        assert not self._tokens, f"unexpected tokens after the expression: {self._tokens}"
        return found

    def _term(self) -> Any:
        kind, word = self._tokens.pop(0)
        if kind == "text":
            return word.replace("''", "'")
        assert kind == "name", word
        self._expect("(")
        arguments = []
        while self._tokens[0] != ("sign", ")"):
            arguments.append(self._term())
            if self._tokens[0] == ("sign", ","):
                self._expect(",")
        self._expect(")")
        found = self._functions[word](*arguments)
        while self._tokens and self._tokens[0][1] in ("[", "?["):
            _, opened = self._tokens.pop(0)
            member = self._term()
            self._expect("]")
            found = found.get(member) if opened == "?[" and found is not None else found[member]
        return found

    def _expect(self, sign: str) -> None:
        assert self._tokens.pop(0) == ("sign", sign), sign


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    position = 0
    while position < len(text):
        found = _TOKEN.match(text, position)
        assert found and found.lastgroup, f"invalid token: {text[position:]}"
        yield found.lastgroup, found.group(found.lastgroup)
        position = found.end()


def expressions(value: Any) -> Iterator[str]:
    """Every expression in a part of a workflow, without its delimiters."""
    if isinstance(value, dict):
        for member in value.values():
            yield from expressions(member)
    elif isinstance(value, list):
        for item in value:
            yield from expressions(item)
    elif isinstance(value, str):
        if value.startswith("@") and not value.startswith(("@{", "@@")):
            yield value[1:]
        else:
            yield from re.findall(r"@{(.*?)}", value)


def base64_of(value: Any) -> str:
    """The function base64. A content object already contains base64; a string is encoded as UTF-8."""
    if isinstance(value, dict) and "$content" in value:
        return str(value["$content"])
    assert isinstance(value, str), f"base64 takes a string or a content object, not {type(value)}"
    return base64.b64encode(value.encode()).decode()


def body_of(response: requests.Response) -> Any:
    """The value of body() for a response: JSON, a string, or, for any other type, a content object."""
    if not response.content:
        return None
    content_type = response.headers.get("Content-Type", "application/octet-stream")
    if content_type.startswith("application/json"):
        return response.json()
    if content_type.startswith("text/"):
        return response.content.decode("utf-8")
    return {"$content-type": content_type, "$content": base64.b64encode(response.content).decode()}


@dataclass
class Run:
    """A run of a workflow. `connection` has what a connection stores: the URL of the connector, and headers."""

    workflow: Json
    trigger_body: Json
    parameters: Json
    connection: tuple[str, dict[str, str]]
    model: Model
    outputs: dict[str, Any] = field(default_factory=dict)
    statuses: dict[str, int] = field(default_factory=dict)

    def run(self) -> Any:
        """Run all actions. Returns the body of the response to the trigger's request."""
        actions = self.workflow["definition"]["actions"]
        self._run_all(actions, {})
        (response,) = [name for name, action in actions.items() if action["type"] == "Response"]
        return self.outputs[response]["body"]

    def run_actions(self, actions: Json) -> None:
        """Run actions that are not those of the workflow, in order. Their results are in `outputs`."""
        self._run_all(actions, {})

    def _run_all(self, actions: Json, agent_parameters: Json) -> None:
        for name in run_order(actions):
            self.outputs[name] = self._run_action(name, actions[name], agent_parameters)

    def _run_action(self, name: str, action: Json, agent_parameters: Json) -> Any:
        if action["type"] == "Agent":
            evaluated = self.evaluated(action["inputs"], {})
            assert all(message["content"] for message in evaluated["parameters"]["messages"])
            tools = {name: self._tool(tool) for name, tool in action["tools"].items()}
            return {"lastAssistantMessage": self.model(tools)}
        inputs = self.evaluated(action["inputs"], agent_parameters)
        if action["type"] in ("Response", "Compose"):
            return inputs
        url, headers = inputs.get("uri"), inputs.get("headers", {})
        if action["type"] == "ApiConnection":  # a connection adds the connector's URL and credentials
            base_url, headers = self.connection
            url = base_url + inputs["path"]
        response = _sent(inputs["method"].upper(), url, inputs.get("queries"), headers, inputs.get("body"))
        while action["type"] == "Http" and response.status_code == 202:  # the asynchronous pattern, on by default
            time.sleep(min(float(response.headers["Retry-After"]), LONGEST_PAUSE_SECONDS))
            response = requests.get(response.headers["Location"], timeout=60)
        self.statuses[name] = response.status_code
        assert response.ok, f"{name}: {response.status_code} {response.text}"
        return {"statusCode": response.status_code, "body": body_of(response)}

    def _tool(self, tool: Json) -> Callable[..., Json]:
        def call(**agent_parameters: Any) -> Json:
            assert set(tool["agentParameterSchema"]["required"]) <= set(agent_parameters)
            assert set(agent_parameters) <= set(tool["agentParameterSchema"]["properties"])
            self._run_all(tool["actions"], agent_parameters)
            return {
                name: self.outputs[name] if action["type"] == "Compose" else self.outputs[name]["body"]
                for name, action in tool["actions"].items()
            }

        return call

    def evaluated(self, value: Any, agent_parameters: Json) -> Any:
        """The value with every expression in it replaced by its result."""
        if isinstance(value, dict):
            return {name: self.evaluated(member, agent_parameters) for name, member in value.items()}
        if isinstance(value, list):
            return [self.evaluated(item, agent_parameters) for item in value]
        if not isinstance(value, str):
            return value
        functions: dict[str, Callable[..., Any]] = {
            "agentParameters": agent_parameters.__getitem__,
            "base64": base64_of,
            "body": lambda name: self.outputs[name]["body"],
            "guid": lambda: str(uuid.uuid4()),
            "outputs": self.outputs.__getitem__,
            "parameters": self.parameters.__getitem__,
            "triggerBody": lambda: self.trigger_body,
        }
        if value.startswith("@@"):  # as the designer's parser has it: nothing after it is an expression
            return value[1:]
        if value.startswith("@") and not value.startswith("@{"):
            return Expression(value[1:], functions).value()
        return _INTERPOLATION.sub(
            lambda found: "@{" if found[1] is None else _text(Expression(found[1], functions).value()), value
        )


def _sent(method: str, url: str, queries: Json | None, headers: dict[str, str], body: Any) -> requests.Response:
    """The response. A content object is sent as the bytes that it holds, a string as text, the rest as JSON."""
    if isinstance(body, dict) and "$content" in body:
        content = base64.b64decode(body["$content"])
        headers = {"Content-Type": body["$content-type"], **headers}
        return requests.request(method, url, params=queries, headers=headers, data=content, timeout=60)
    if isinstance(body, str):
        return requests.request(method, url, params=queries, headers=headers, data=body.encode(), timeout=60)
    return requests.request(method, url, params=queries, headers=headers, json=body, timeout=60)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def run_order(actions: Json) -> list[str]:
    """The names of the actions, each after those in its runAfter."""
    ordered: list[str] = []
    while len(ordered) < len(actions):
        ready = [name for name in actions if name not in ordered and set(actions[name]["runAfter"]) <= set(ordered)]
        assert ready, f"these actions run after each other, or after missing ones: {set(actions) - set(ordered)}"
        ordered += ready
    return ordered

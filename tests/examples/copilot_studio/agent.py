"""Plays what an agent of Copilot Studio does when the orchestrator chooses a tool or a topic, from the agent's files.

The orchestrator's choices are the test's. What the kinds of nodes and inputs mean: assets/BotSchema.json and the tests
of microsoft/vscode-copilotstudio, and reference/bot.schema.yaml-authoring.json of microsoft/skills-for-copilot-studio.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from tests.examples.power_fx.connector_actions import ConnectorActions
from tests.examples.power_fx.evaluation import CallRefused, evaluated

Json = dict[str, Any]


def workspace(folder: Path) -> dict[str, Json]:
    """The files of an agent, by their paths below its folder."""
    return {
        path.relative_to(folder).as_posix(): yaml.safe_load(path.read_text(encoding="utf-8"))
        for path in sorted(folder.rglob("*.mcs.yml"))
    }


class Agent:
    """`sent` has what topics have sent to the user: texts, and adaptive cards as records."""

    def __init__(self, folder: Path, actions: ConnectorActions, answer: Callable[[str], Json]) -> None:
        """`answer` gives what the user answers to a question: for one that asks for a file, its record."""
        self.files = workspace(folder)
        self.sent: list[Any] = []
        self.actions, self._answer = actions, answer
        self._global: Json = {"SessionId": None}
        self._attachments: list[Json] = []
        self._offered = {file["modelDisplayName"]: file for file in self.files.values() if file.get("modelDisplayName")}

    def receive(self, *attachments: Json) -> None:
        """A message of the user has arrived: what runs before the orchestrator. An attachment has Name, Content and
        ContentType."""
        self._attachments = list(attachments)
        for file in self.files.values():
            trigger = file.get("beginDialog", {})
            if trigger.get("kind") == "OnActivity" and self._value(trigger["condition"], {}):
                self._run(trigger["actions"], {})

    def call(self, name: str, **inputs: Any) -> Json:
        """What the orchestrator gets from a tool or a topic, for the inputs that it fills."""
        file = self._offered[name]
        automatic = [each["propertyName"] for each in file.get("inputs", []) if each["kind"] == "AutomaticTaskInput"]
        assert inputs.keys() <= set(automatic), f"{name} asks for {automatic}"
        if file["kind"] == "TaskDialog":
            return self._call_tool(file, inputs)
        topic: Json = {name: inputs.get(name) for name in automatic}
        self._run(file["beginDialog"]["actions"], topic)
        return {name: topic[name] for name in file["outputType"].get("properties", {})}

    def _call_tool(self, file: Json, inputs: Json) -> Json:
        fixed = {
            each["propertyName"]: self._value(each["value"], {})
            for each in file["inputs"]
            if each["kind"] == "ManualTaskInput"
        }
        result = self.actions.call(file["action"]["operationId"], {**inputs, **fixed})
        assert file["outputMode"] == "Specific", "the orchestrator would get everything, the session ID too"
        return {output["propertyName"]: _member(result, output["propertyName"]) for output in file["outputs"]}

    def _run(self, nodes: list[Json], topic: Json) -> None:
        for node in nodes:
            match node["kind"]:
                case "SetVariable":
                    self._set(node["variable"], self._value(node["value"], topic), topic)
                case "ConditionGroup":
                    self._run(self._chosen(node, topic), topic)
                case "Question":
                    self._set(node["variable"], self._answer(node["prompt"]), topic)
                case "InvokeConnectorAction":
                    self._set(node["output"]["variable"], self._invoke(node, topic), topic)
                case "SendActivity":
                    self._send(node["activity"], topic)
                case kind:
                    raise AssertionError(f"nothing plays {kind}")

    def _chosen(self, node: Json, topic: Json) -> list[Json]:
        for item in node["conditions"]:
            if self._value(item["condition"], topic):
                found: list[Json] = item["actions"]
                return found
        return list(node.get("elseActions", []))

    def _invoke(self, node: Json, topic: Json) -> Any:
        arguments = {name: self._value(value, topic) for name, value in node["input"]["binding"].items()}
        try:
            return self.actions.call(node["operationId"], arguments)
        except CallRefused as refused:
            assert node["errorHandling"]["kind"] == "ContinueOnErrorBehavior", "the topic On Error would take over"
            self._set(node["errorHandling"]["statusCode"], str(refused), topic)
            return None

    def _send(self, activity: Json, topic: Json) -> None:
        self.sent += activity.get("text", [])
        for attachment in activity.get("attachments", []):
            self.sent.append(self._value(attachment["cardContent"], topic))

    def _set(self, variable: str, value: Any, topic: Json) -> None:
        scope, _, name = variable.removeprefix("init:").partition(".")
        {"Topic": topic, "Global": self._global}[scope][name] = value

    def _value(self, value: Any, topic: Json) -> Any:
        if not isinstance(value, str) or not value.startswith("="):
            return value
        names = {"Topic": topic, "Global": self._global, "System": {"Activity": {"Attachments": self._attachments}}}
        return evaluated(value, names)


def _member(value: Any, path: str) -> Any:
    for name in path.split("."):
        value = None if value is None else value[name]
    return value

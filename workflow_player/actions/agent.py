"""The action Agent: a function takes the place of the model, and calls the tools as the model would.

Sources: the designer's manifests of the agent loop (Azure/LogicAppsUX). A tool runs its actions with the parameters
that the model gives, and its results go back to the model; the action returns the model's last message.
"""

from collections.abc import Callable
from typing import Any

from workflow_player.actions.interface import Handler, Json, Step
from workflow_player.errors import ActionFailed, FlowError
from workflow_player.state import Frame

MOST_CALLS = 100


def agent(step: Step) -> Any:
    inputs = step.evaluated_inputs()
    messages = inputs.get("parameters", {}).get("messages", [])
    if not messages or not all(message.get("content") for message in messages):
        raise FlowError("an agent has messages, and each has content")
    model = step.engine.options.model
    if model is None:
        raise FlowError("the play has no model for the agent")
    limit = int(step.definition.get("limit", {}).get("count", MOST_CALLS))
    counted = _Counter(limit)
    tools = {name: _tool(step, name, tool, counted) for name, tool in step.definition.get("tools", {}).items()}
    return {"lastAssistantMessage": model(tools)}


class _Counter:
    def __init__(self, limit: int) -> None:
        self._left = limit

    def count(self) -> None:
        if self._left == 0:
            raise ActionFailed("AgentLimitReached", "the agent has reached the limit of its loop")
        self._left -= 1


def _tool(step: Step, name: str, tool: Json, counter: _Counter) -> Callable[..., Json]:
    if not tool.get("description"):
        raise FlowError(f"the tool {name} has no description, which is what the model reads")
    schema = tool.get("agentParameterSchema", {})

    def call(**agent_parameters: Any) -> Json:
        missing = set(schema.get("required", [])) - agent_parameters.keys()
        unknown = agent_parameters.keys() - schema.get("properties", {}).keys()
        if missing or unknown:
            raise FlowError(f"the tool {name} takes {', '.join(schema.get('properties', {}))}")
        counter.count()
        frame = Frame(step.frame.run, step.frame, agent_parameters=agent_parameters)
        step.engine.run_group(tool["actions"], frame)
        step.frame.results.update(frame.results)
        return {found: _seen(frame, found, definition) for found, definition in tool["actions"].items()}

    return call


def _seen(frame: Frame, name: str, definition: Json) -> Any:
    """What the model reads of an action: its outputs, or its body."""
    result = frame.results[name]
    if result.status == "Failed" and result.outputs is None:
        return {"error": result.error}
    outputs = result.outputs
    if definition["type"] == "Compose" or not isinstance(outputs, dict):
        return outputs
    return outputs.get("body")


AGENT: dict[str, Handler] = {"Agent": agent}

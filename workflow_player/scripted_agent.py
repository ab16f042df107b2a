"""What stands for an agent's model in a play: calls of tools that play.json has."""

from typing import Any

from workflow_player.actions.interface import Model, Tools
from workflow_player.play_file import PlayFailed, Start


def model_of(start: Start) -> Model | None:
    """What stands for an agent's model: it makes the calls of play.json, and answers with a part of the last result."""
    if not start.agent:
        return None

    def model(tools: Tools) -> str:
        said: Any = ""
        for call in start.agent:
            if call["tool"] not in tools:
                raise PlayFailed(f"the agent has no tool {call['tool']}; it has: {', '.join(tools)}")
            said = tools[call["tool"]](**call.get("with", {}))
            for step in filter(None, call.get("say", "").split(".")):
                said = said.get(step) if isinstance(said, dict) else None
            if call.get("say") and not said:  # the tool has failed, or the code has
                said = f"The tool {call['tool']} has returned no {call['say']}."
        return str(said)

    return model

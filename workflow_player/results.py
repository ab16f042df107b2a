"""What became of actions, and of a play."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

Status = Literal["Succeeded", "Failed", "Skipped", "TimedOut", "Cancelled"]


@dataclass
class ActionResult:
    """One run of an action. Of an action in a loop, `repetitions` has all runs and the rest is that of the last."""

    name: str
    type: str
    status: str
    inputs: Any = None
    outputs: Any = None
    error: dict[str, Any] | None = None
    code: str = ""
    started: datetime | None = None
    ended: datetime | None = None
    attempts: int = 0
    """How many requests it has sent, without polls."""
    polls: int = 0
    times: int = 1
    """How often it has run: more than once in a loop, or as part of an agent's tool."""
    repetitions: "list[ActionResult]" = field(default_factory=list)
    in_loop: bool = False
    """Whether this stands for all repetitions, seen from outside of a loop over an array."""

    @property
    def seconds(self) -> float:
        return (self.ended - self.started).total_seconds() if self.started and self.ended else 0.0

    def record(self) -> dict[str, Any]:
        """As the functions actions() and result() return it."""
        shown: dict[str, Any] = {
            "name": self.name,
            "inputs": self.inputs,
            "outputs": self.outputs,
            "startTime": _time(self.started),
            "endTime": _time(self.ended),
            "code": self.code or {"Succeeded": "OK", "Skipped": "ActionSkipped"}.get(self.status, self.status),
            "status": self.status,
        }
        if self.error:
            shown["error"] = self.error
        return shown


def _time(value: datetime | None) -> str | None:
    return f"{value:%Y-%m-%dT%H:%M:%S.%f}0Z" if value else None


@dataclass
class Played:
    """A play that has ended."""

    status: str
    actions: dict[str, ActionResult]
    response: dict[str, Any] | None = None
    """Of an action Response: statusCode, headers, body."""
    error: dict[str, Any] | None = None
    variables: dict[str, Any] = field(default_factory=dict)

    def statuses(self) -> dict[str, str]:
        return {name: result.status for name, result in self.actions.items()}

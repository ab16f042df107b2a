"""What became of actions, and of a play."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

Status = Literal["Succeeded", "Failed", "Skipped", "TimedOut", "Cancelled"]

CONTROL = {"If", "Switch", "Scope", "Foreach", "Until"}
"""Types of actions that run others."""


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
        """As the functions actions() and result() return it.

        What Microsoft's reference leaves open is as in tests of tomdam/flowforger, which were compared with Power
        Automate: a call that failed with a status has its name as code and no error, control actions have neither
        inputs nor outputs.
        """
        shown: dict[str, Any] = {"name": self.name}
        if self.type not in CONTROL:
            shown |= {
                name: value for name, value in (("inputs", self.inputs), ("outputs", self.outputs)) if value is not None
            }
        shown |= {"startTime": _time(self.started), "endTime": _time(self.ended)}
        if code := self.code or ("OK" if self.status == "Succeeded" and self.type not in CONTROL else ""):
            shown["code"] = code
        shown["status"] = self.status
        if self.error and not (isinstance(self.outputs, dict) and "statusCode" in self.outputs):
            shown["error"] = self.error
        return shown

    def record_of_all(self) -> dict[str, Any]:
        """As result() returns an action in a loop: once for all iterations of a For each, with a list of their records
        as outputs; of an Until that of the last iteration.
        """
        if not self.repetitions:
            return self.record()
        count = {"repetitionCount": len(self.repetitions)}
        if not self.in_loop:
            return {**self.record(), **count}
        failed = any(repetition.status == "Failed" for repetition in self.repetitions)
        return {
            "name": self.name,
            "outputs": [repetition.record() for repetition in self.repetitions],
            "startTime": _time(self.repetitions[0].started),
            "endTime": _time(self.repetitions[-1].ended),
            "code": "NotSpecified",
            "status": "Failed" if failed else self.status,
            **count,
        }


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

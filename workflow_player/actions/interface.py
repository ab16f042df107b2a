"""What handlers of actions get: the step to do, and the engine that runs the actions inside of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from workflow_player.chunks import TransferLimits
from workflow_player.results import ActionResult
from workflow_player.services.operations import Service
from workflow_player.state import Frame
from workflow_player.workflow_data import Evaluator

Json = dict[str, Any]
Tools = dict[str, Callable[..., Json]]
Model = Callable[[Tools], str]
"""Takes the place of an agent's model: calls tools, and returns the last message."""


@dataclass(frozen=True)
class Options:
    """Of a play. See Player."""

    services: Mapping[str, Service]
    model: Model | None
    connector_polls: bool
    call_seconds: float | None
    limits: TransferLimits
    identity: Callable[[str], str] | None


class Engine(Protocol):
    """Runs groups of actions."""

    options: Options

    def run_group(self, actions: Json, frame: Frame) -> str:
        """The status of the group: Succeeded or Failed."""

    def skip(self, actions: Json, frame: Frame) -> None:
        """Mark actions, and those inside of them, as skipped."""


@dataclass
class Step:
    """An action that runs now. Handlers set what `result` shows of it."""

    engine: Engine
    name: str
    definition: Json
    frame: Frame
    evaluator: Evaluator
    result: ActionResult

    @property
    def inputs(self) -> Any:
        """As written, with expressions."""
        return self.definition.get("inputs")

    def evaluated_inputs(self) -> Any:
        self.result.inputs = self.evaluator.value(self.inputs)
        return self.result.inputs


Handler = Callable[[Step], Any]
"""Does a step and returns its outputs, or raises ActionFailed."""

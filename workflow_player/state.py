"""What a play knows while it goes on: the run, and the frames of loops in it."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from workflow_player.clock import Clock
from workflow_player.errors import FlowError
from workflow_player.flow import Action, Flow
from workflow_player.results import ActionResult


@dataclass
class Run:
    """One run of a flow. Iterations of a loop may change it at the same time, under the lock."""

    flow: Flow
    actions: dict[str, Action]
    clock: Clock
    parameters: dict[str, Any]
    app_settings: dict[str, str]
    trigger: dict[str, Any]
    """The name, inputs, outputs and status of the trigger, as the function trigger() returns it."""
    run_id: str
    on_step: Callable[[ActionResult, int], None]
    """Is told each result, and how deep the action is in others."""
    variables: dict[str, Any] = field(default_factory=dict)
    variable_types: dict[str, str] = field(default_factory=dict)
    results: dict[str, ActionResult] = field(default_factory=dict)
    runs: dict[str, list[ActionResult]] = field(default_factory=dict)
    response: dict[str, Any] | None = None
    lock: threading.RLock = field(default_factory=threading.RLock)

    def add(self, result: ActionResult) -> None:
        with self.lock:
            runs = self.runs.setdefault(result.name, [])
            if runs and runs[-1].status == "Skipped":
                runs.clear()
            runs.append(result)
            result.times = len(runs)
            self.results[result.name] = result
            self.on_step(result, len(self.actions[result.name].inside))

    def all_results(self) -> dict[str, ActionResult]:
        """The last of each action, with all of it as repetitions if there are more."""
        return {
            name: replace(result, repetitions=self.runs[name] if len(self.runs[name]) > 1 else [])
            for name, result in self.results.items()
        }


@dataclass
class Frame:
    """Where names are looked up: the results of a level, and the item of the loop or tool that the level is in."""

    run: Run
    parent: "Frame | None" = None
    loop: str | None = None
    item: Any = None
    index: int = 0
    has_item: bool = False
    agent_parameters: dict[str, Any] | None = None
    results: dict[str, ActionResult] = field(default_factory=dict)

    def result(self, name: str) -> ActionResult | None:
        """Of an action; None if it has not run."""
        if name not in self.run.actions:
            raise FlowError(f"there is no action {name}")
        frame: Frame | None = self
        while frame:
            if name in frame.results:
                return frame.results[name]
            frame = frame.parent
        return None

    def loop_frame(self, name: str) -> "Frame":
        frame: Frame | None = self
        while frame:
            if frame.loop == name:
                return frame
            frame = frame.parent
        raise FlowError(f"there is no loop {name} around this action")

    def nearest_item(self) -> Any:
        frame: Frame | None = self
        while frame:
            if frame.has_item:
                return frame.item
            frame = frame.parent
        raise FlowError("item() is used outside of a loop")

    def parameters_of_agent(self) -> dict[str, Any]:
        frame: Frame | None = self
        while frame:
            if frame.agent_parameters is not None:
                return frame.agent_parameters
            frame = frame.parent
        raise FlowError("agentParameters() is used outside of an agent's tool")

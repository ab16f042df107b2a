"""Plays a flow: evaluates its expressions, runs its actions in order, and calls the services."""

import uuid
from collections.abc import Callable, Mapping
from typing import Any

from workflow_player.actions import HANDLERS
from workflow_player.actions.interface import Json, Model, Options, Step
from workflow_player.check import check
from workflow_player.chunks import TransferLimits
from workflow_player.clock import Clock
from workflow_player.conditions import is_met
from workflow_player.errors import ActionFailed, FlowError, TemplateError, Terminated
from workflow_player.flow import Flow, branches
from workflow_player.order import group_status, run_order, unmet
from workflow_player.parameters import parameter_values
from workflow_player.results import ActionResult, Played
from workflow_player.services.operations import Service
from workflow_player.state import Frame, Run
from workflow_player.workflow_data import Evaluator

OnStep = Callable[[ActionResult, int], None]


class Player:
    """Plays one flow, as often as it is told to.

    `services` are by the names of their APIs, such as office365 and codeinterpreter. `parameters` have the values of
    those that the flow declares without one; `app_settings` those that a Standard project reads. `model` takes the
    place of an agent's model.

    What is not known of the services is an option, so that a test plays both: `connector_polls` is whether the gateway
    of connectors polls after a 202.

    `longest_pause_seconds` bounds real waiting: the clock of the play goes on by the whole pause. `call_seconds` is the
    time for one request, which depends on the plan. `identity` returns the token of a managed identity for an audience.
    `on_step` is told each result as it comes, with the number of actions around it.
    """

    def __init__(
        self,
        flow: Flow,
        services: Mapping[str, Service],
        parameters: Mapping[str, Any] | None = None,
        model: Model | None = None,
        *,
        app_settings: Mapping[str, str] | None = None,
        connector_polls: bool = True,
        longest_pause_seconds: float = 2.0,
        call_seconds: float | None = None,
        limits: TransferLimits | None = None,
        identity: Callable[[str], str] | None = None,
        on_step: OnStep | None = None,
    ) -> None:
        self.flow = flow
        self.options = Options(services, model, connector_polls, call_seconds, limits or TransferLimits(), identity)
        self.clock = Clock(longest_pause_seconds)
        check(flow, services)
        self._parameters = dict(parameters or {})
        self._app_settings = dict(app_settings or {})
        self._on_step = on_step or (lambda result, depth: None)

    def play(self, trigger_outputs: Any = None) -> Played:
        """Run the flow once, with what its trigger returns.

        With `splitOn`, these are the outputs with the array, and the array has one item: see play_each.
        """
        played = self.play_each(trigger_outputs)
        if len(played) != 1:
            raise FlowError(f"the trigger starts {len(played)} runs, not one: use play_each")
        return played[0]

    def play_each(self, trigger_outputs: Any = None) -> list[Played]:
        """Run the flow for each item that its trigger splits off (`splitOn`), or once."""
        ((name, trigger),) = self.flow.triggers.items()
        if "splitOn" not in trigger:
            return [self._play(name, trigger, trigger_outputs)]
        run = self._run(name, trigger, trigger_outputs)
        items = Evaluator(Frame(run)).value(trigger["splitOn"])
        if not isinstance(items, list):
            raise FlowError(f"{name}: splitOn is no array in the outputs of the trigger")
        outputs = trigger_outputs if isinstance(trigger_outputs, dict) else {}
        return [self._play(name, trigger, {**outputs, "body": item}) for item in items]

    def _run(self, name: str, trigger: Json, outputs: Any) -> Run:
        return Run(
            self.flow,
            self.flow.all_actions(),
            self.clock,
            parameter_values(self.flow, self._parameters, self._app_settings),
            self._app_settings,
            {"name": name, "inputs": trigger.get("inputs"), "outputs": outputs, "status": "Succeeded", "code": "OK"},
            uuid.uuid4().hex,
            self._on_step,
        )

    def _play(self, name: str, trigger: Json, outputs: Any) -> Played:
        run = self._run(name, trigger, outputs)
        frame = Frame(run)
        for condition in trigger.get("conditions", []):
            if not is_met(condition["expression"], Evaluator(frame)):
                return Played("Skipped", {})
        try:
            status, error = self.run_group(self.flow.actions, frame), None
        except Terminated as ended:
            status, error = ended.status, ended.error
            self._skip_rest(run)
        return Played(status, run.all_results(), run.response, error, run.variables)

    @staticmethod
    def _skip_rest(run: Run) -> None:
        """Actions that have not run when the run was ended."""
        for name, action in run.actions.items():
            if name not in run.results:
                run.add(ActionResult(name, action.type, "Skipped", code="Terminated"))

    def run_group(self, actions: Json, frame: Frame) -> str:
        """Run actions that belong together, in order. Returns the status of the group."""
        statuses: dict[str, str] = {}
        for name in run_order(actions):
            result = self._run_one(name, actions[name], frame, statuses)
            statuses[name] = result.status
            frame.results[name] = result
        return group_status(actions, statuses)

    def skip(self, actions: Json, frame: Frame, code: str = "ActionBranchingConditionNotSatisfied") -> None:
        for name, definition in actions.items():
            error = {"code": code, "message": "skipped: its branch is not taken, or what is around it does not run"}
            result = ActionResult(name, definition["type"], "Skipped", code="ActionSkipped", error=error)
            frame.results[name] = result
            frame.run.add(result)
            self._skip_inside(definition, frame)

    def _skip_inside(self, definition: Json, frame: Frame) -> None:
        for _, inner in branches(definition):
            self.skip(inner, frame, "ActionDependencyFailed")

    def _run_one(self, name: str, definition: Json, frame: Frame, before: Mapping[str, str]) -> ActionResult:
        result = ActionResult(name, definition["type"], "Succeeded", started=self.clock.now())
        reason = unmet(definition, before)
        if reason is not None:
            result.status, result.code = "Skipped", "ActionSkipped"
            result.error = {
                "code": "ActionConditionFailed",
                "message": f"skipped: it does not run after {reason} with the status {before[reason]}",
            }
            frame.run.add(result)
            self._skip_inside(definition, frame)
            return result
        try:
            result.outputs = HANDLERS[definition["type"]](Step(self, name, definition, frame, Evaluator(frame), result))
        except ActionFailed as failed:
            result.status, result.code, result.outputs = failed.status, failed.code, failed.outputs
            result.error = {"code": failed.code, "message": failed.message}
        except TemplateError as mistake:
            result.status, result.code, result.inputs = "Failed", "BadRequest", None
            result.error = {"code": "InvalidTemplate", "message": f"{name}: {mistake}"}
        except FlowError as mistake:
            raise mistake.of(name) from None
        except Terminated:
            result.status = "Cancelled" if "actions" in definition or "cases" in definition else "Succeeded"
            result.ended = self.clock.now()
            frame.run.add(result)
            raise
        result.ended = self.clock.now()
        frame.run.add(result)
        return result

"""Functions that read the run: results of actions, the trigger, items of loops, variables and parameters."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from workflow_player.errors import FlowError, TemplateError
from workflow_player.expressions import member, parse, value_of
from workflow_player.functions import FUNCTIONS
from workflow_player.functions.date_time import clock_functions
from workflow_player.functions.signatures import FunctionTable
from workflow_player.results import ActionResult
from workflow_player.state import Frame
from workflow_player.templates import evaluated

CALLBACK_URL = "https://callback.example/workflows/runs/actions/callback"
"""What listCallbackUrl() returns: the address that a service calls when a webhook has an answer."""

READS_ACTION = {"actions", "body", "outputs", "actionbody", "actionoutputs", "result", "items", "iterationindexes"}
"""In small letters, the functions whose first argument is the name of an action."""


class Evaluator:
    """Evaluates values in a frame."""

    def __init__(self, frame: Frame) -> None:
        self._frame = frame
        self._table = FunctionTable(FUNCTIONS, clock_functions(frame.run.clock.now), self._functions())

    def value(self, value: Any) -> Any:
        """The value with its expressions replaced."""
        return evaluated(value, self.expression)

    def expression(self, text: str) -> Any:
        return value_of(parse(text), self._table.call)

    def _functions(self) -> dict[str, Callable[..., Any]]:
        run = self._frame.run
        return {
            "actionBody": self._body,
            "actionOutputs": self._outputs,
            "actions": self._action,
            "agentParameters": lambda name: member(self._frame.parameters_of_agent(), name, safe=False),
            "appsetting": self._app_setting,
            "body": self._body,
            "item": self._frame.nearest_item,
            "items": lambda name: self._frame.loop_frame(name).item,
            "iterationIndexes": lambda name: self._frame.loop_frame(name).index,
            "listCallbackUrl": lambda: CALLBACK_URL,
            "outputs": self._outputs,
            "parameters": self._parameter,
            "result": self._result,
            "trigger": lambda: run.trigger,
            "triggerBody": lambda: _body(run.trigger.get("outputs")),
            "triggerOutputs": lambda: run.trigger.get("outputs"),
            "variables": self._variable,
            "workflow": self._workflow,
        }

    def _found(self, name: Any) -> ActionResult | None:
        if not isinstance(name, str):
            raise FlowError(f"the name of an action is a text, not {name!r}")
        return self._frame.result(name)

    def _action(self, name: Any) -> Any:
        found = self._found(name)
        return found.record() if found else None

    def _outputs(self, name: Any) -> Any:
        found = self._found(name)
        if found and found.in_loop:
            return [repetition.outputs for repetition in found.repetitions]
        return found.outputs if found else None

    def _body(self, name: Any) -> Any:
        found = self._found(name)
        if found and found.in_loop:
            return [_body(repetition.outputs) for repetition in found.repetitions]
        return _body(found.outputs) if found else None

    def _result(self, name: Any) -> list[Any]:
        """The records of the actions directly inside of a scope or loop."""
        if not isinstance(name, str) or name not in self._frame.run.actions:
            raise FlowError(f"result(): there is no scope {name}")
        scope = self._frame.run.actions[name]
        names = [found.name for found in self._frame.run.actions.values() if found.inside == (*scope.inside, name)]
        results = [self._frame.result(inner) for inner in names]
        return [result.record_of_all() for result in results if result]

    def _parameter(self, name: Any) -> Any:
        if name not in self._frame.run.parameters:
            raise FlowError(f"the parameter {name} has no value")
        return self._frame.run.parameters[name]

    def _variable(self, name: Any) -> Any:
        if name not in self._frame.run.variables:
            raise TemplateError(f"the variable {name!r} has not been initialized")
        return self._frame.run.variables[name]

    def _app_setting(self, name: Any) -> str:
        if self._frame.run.flow.dialect != "standard":
            raise FlowError("appsetting() exists in the Standard plan only")
        if name not in self._frame.run.app_settings:
            raise FlowError(f"the app setting {name} has no value")
        return self._frame.run.app_settings[name]

    def _workflow(self) -> dict[str, Any]:
        """Tags as in Power Automate. Source: Microsoft, "Employ robust error handling" of Power Automate."""
        run = self._frame.run
        path = f"/workflows/{run.flow.name}"
        return {
            "id": path,
            "name": run.flow.name,
            "type": "Microsoft.Logic/workflows",
            "location": "westeurope",
            "tags": {"environmentName": "Default", "logicAppName": run.flow.name},
            "run": {
                "id": f"{path}/runs/{run.run_id}",
                "name": run.run_id,
                "type": "Microsoft.Logic/workflows/runs",
            },
        }


def _known_functions() -> FunctionTable:
    clock = clock_functions(lambda: datetime.now(UTC))
    of_the_run: dict[str, Callable[..., Any]] = dict.fromkeys(_WITHOUT, lambda: None)
    return FunctionTable(FUNCTIONS, clock, of_the_run, dict.fromkeys(_WITH_A_NAME, lambda name: None))


def _body(outputs: Any) -> Any:
    return outputs.get("body") if isinstance(outputs, dict) else None


_WITHOUT = ("item", "listCallbackUrl", "trigger", "triggerBody", "triggerOutputs", "workflow")
_WITH_A_NAME = (
    "actionBody", "actionOutputs", "actions", "agentParameters", "appsetting", "body", "items", "iterationIndexes",
    "outputs", "parameters", "result", "variables",
)  # fmt: skip
KNOWN_FUNCTIONS = _known_functions()
"""Every function with its number of arguments, to check calls without a run."""

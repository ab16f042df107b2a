"""Actions that run other actions: Condition, Switch, Scope, For each and Until.

Sources: Azure Logic Apps, "Schema reference guide for trigger and action types", "Limits and configuration": 100,000
items and 20 iterations at once by default, 50 at most (in Power Automate one after the other by default); an Until ends
after 60 iterations or an hour by default.
"""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from workflow_player.actions.interface import Handler, Json, Step
from workflow_player.conditions import is_met
from workflow_player.durations import seconds_of
from workflow_player.errors import ActionFailed, FlowError, TemplateError
from workflow_player.functions.logic import equals
from workflow_player.results import ActionResult
from workflow_player.state import Frame
from workflow_player.workflow_data import Evaluator

MOST_ITEMS = 100_000
MOST_AT_ONCE = 50
AT_ONCE = {"consumption": 20, "standard": 20, "power-automate": 1}
UNTIL_COUNT, UNTIL_TIMEOUT = 60, "PT1H"


def condition(step: Step) -> Any:
    met = is_met(step.definition["expression"], step.evaluator)
    step.result.inputs = {"expressionResult": met}
    otherwise: Json = step.definition.get("else", {}).get("actions", {})
    taken, other = step.definition.get("actions", {}), otherwise
    if not met:
        taken, other = other, taken
    step.engine.skip(other, step.frame)
    _ended(step.engine.run_group(taken, step.frame))


def switch(step: Step) -> Any:
    value = step.evaluator.value(step.definition["expression"])
    step.result.inputs = {"expressionResult": value}
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise ActionFailed("ExpressionEvaluationFailed", f"a Switch takes a text or an integer, not {value!r}")
    cases: Json = step.definition.get("cases", {})
    for name, case in cases.items():
        if isinstance(case["case"], str) != isinstance(value, str):
            raise ActionFailed("ActionFailed", f"the case {name} is not of the type of the expression, {value!r}")
    taken = next((name for name, case in cases.items() if equals(step.evaluator.value(case["case"]), value)), None)
    for name, case in cases.items():
        if name != taken:
            step.engine.skip(case.get("actions", {}), step.frame)
    default: Json = step.definition.get("default", {}).get("actions", {})
    if taken is not None:
        step.engine.skip(default, step.frame)
        default = cases[taken].get("actions", {})
    _ended(step.engine.run_group(default, step.frame))


def scope(step: Step) -> Any:
    _ended(step.engine.run_group(step.definition.get("actions", {}), step.frame))


def for_each(step: Step) -> Any:
    items = step.evaluator.value(step.definition["foreach"])
    if not isinstance(items, list):
        raise TemplateError(f"a For each takes an array, not {items!r}")
    if len(items) > MOST_ITEMS:
        raise ActionFailed("ActionRepetitionLimit", f"a For each takes at most {MOST_ITEMS} items")
    step.result.inputs = {"foreach": items}
    actions: Json = step.definition.get("actions", {})
    frames = [
        Frame(step.frame.run, step.frame, loop=step.name, item=item, index=index, has_item=True)
        for index, item in enumerate(items)
    ]
    if not frames:
        step.engine.skip(actions, step.frame)
        return None
    with ThreadPoolExecutor(min(_at_once(step), len(frames))) as pool:
        statuses = list(pool.map(lambda frame: step.engine.run_group(actions, frame), frames))
    for name in {name for frame in frames for name in frame.results}:
        step.frame.results[name] = _together([frame.results[name] for frame in frames if name in frame.results])
    _ended("Succeeded" if set(statuses) <= {"Succeeded"} else "Failed")


def _at_once(step: Step) -> int:
    """How many iterations run at once."""
    if step.definition.get("operationOptions") == "Sequential":
        return 1
    concurrency = step.definition.get("runtimeConfiguration", {}).get("concurrency", {})
    found = concurrency.get("repetitions", AT_ONCE[step.frame.run.flow.dialect])
    if not isinstance(found, int) or not 1 <= found <= MOST_AT_ONCE:
        raise FlowError(f"a For each runs 1 to {MOST_AT_ONCE} iterations at once")
    return found


def _together(results: list[ActionResult]) -> ActionResult:
    """All repetitions of an action, as seen from outside of the loop."""
    last = results[-1]
    flat = [inner for result in results for inner in (result.repetitions if result.in_loop else [result])]
    return ActionResult(
        last.name, last.type, last.status, last.inputs, last.outputs, last.error, repetitions=flat, in_loop=True
    )


def until(step: Step) -> Any:
    """Runs its actions, and again until the expression is true."""
    limit: Json = step.definition.get("limit", {})
    count, longest = int(limit.get("count", UNTIL_COUNT)), seconds_of(str(limit.get("timeout", UNTIL_TIMEOUT)))
    clock = step.frame.run.clock
    started = clock.now()
    actions: Json = step.definition.get("actions", {})
    for index in range(count):
        frame = Frame(step.frame.run, step.frame, loop=step.name, index=index)
        status = step.engine.run_group(actions, frame)
        for name, result in frame.results.items():
            before = step.frame.results.get(name)
            result.repetitions = [*(before.repetitions if before and index else []), result]
            step.frame.results[name] = result
        step.result.inputs = {"iterations": index + 1}
        if is_met(step.definition["expression"], Evaluator(frame)):
            return _ended(status)
        if (clock.now() - started).total_seconds() > longest:
            break
    if step.definition.get("operationOptions") == "FailWhenLimitsReached":
        raise ActionFailed("ActionFailed", "the loop has reached its limit before its condition was met")
    return _ended(status)


def _ended(status: str) -> None:
    """Fail as the engine does, if the actions inside have failed."""
    if status != "Succeeded":
        raise ActionFailed("ActionFailed", "An action failed. No dependent actions succeeded.")


CONTROL: dict[str, Handler] = {
    "Foreach": for_each,
    "If": condition,
    "Scope": scope,
    "Switch": switch,
    "Until": until,
}

"""Response, Delay, Delay until and Terminate."""

from datetime import UTC
from typing import Any

from workflow_player.actions.interface import Handler, Step
from workflow_player.durations import UNIT_SECONDS
from workflow_player.errors import FlowError, TemplateError, Terminated
from workflow_player.functions.date_formats import read


def response(step: Step) -> Any:
    """The answer to the request that has started the flow; only one is sent."""
    inputs = step.evaluated_inputs()
    unknown = inputs.keys() - {"statusCode", "headers", "body", "schema"}
    if unknown:
        raise FlowError(f"unknown inputs: {', '.join(sorted(unknown))}")
    run = step.frame.run
    if not any(trigger.get("type") == "Request" for trigger in run.flow.triggers.values()):
        raise FlowError("a Response needs a trigger that is a Request")
    sent = {"statusCode": int(inputs["statusCode"]), "headers": inputs.get("headers", {}), "body": inputs.get("body")}
    with run.lock:
        if run.response is not None:
            raise FlowError("a run sends one Response")
        run.response = sent
    return sent


def wait(step: Step) -> Any:
    inputs = step.evaluated_inputs()
    clock = step.frame.run.clock
    if "interval" in inputs:
        unit, count = inputs["interval"].get("unit"), inputs["interval"].get("count")
        if unit not in UNIT_SECONDS or isinstance(count, bool) or not isinstance(count, int) or count < 0:
            raise FlowError(f"a delay has a count, and one of the units {', '.join(UNIT_SECONDS)}")
        clock.pause(count * UNIT_SECONDS[unit])
    elif "until" in inputs:
        time = read(str(inputs["until"].get("timestamp")))
        until = time if time.tzinfo else time.replace(tzinfo=UTC)
        clock.pause(max((until - clock.now()).total_seconds(), 0.0))
    else:
        raise FlowError("a delay has an interval, or a time until when it lasts")
    return None


def terminate(step: Step) -> Any:
    """Ends the run. Not inside of a loop, as the designers have it."""
    inputs = step.evaluated_inputs()
    run = step.frame.run
    around = [run.actions[name].type for name in run.actions[step.name].inside if name in run.actions]
    if {"Foreach", "Until"} & set(around):
        raise FlowError("Terminate does not work inside of a loop")
    status = inputs.get("runStatus")
    if status not in ("Succeeded", "Failed", "Cancelled"):
        raise FlowError(f"Terminate has the runStatus Succeeded, Failed or Cancelled, not {status!r}")
    error = inputs.get("runError")
    if error is not None and status != "Failed":
        raise TemplateError("only a run that has Failed has a runError")
    raise Terminated(status, error)


RESPONSES: dict[str, Handler] = {"Response": response, "Terminate": terminate, "Wait": wait}

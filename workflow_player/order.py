"""The order in which actions run, and what becomes of a group of them.

Sources: Azure Logic Apps, "Handle errors and exceptions" and "Create scopes": an action runs after others have one of
the statuses that it names, and is skipped if one of them has another. A group has failed if the last action of one of
its branches has failed; if that was skipped, the actions before it count.
"""

from collections.abc import Mapping
from typing import Any

from workflow_player.errors import FlowError

Json = dict[str, Any]
STATUSES = {"SUCCEEDED": "Succeeded", "FAILED": "Failed", "SKIPPED": "Skipped", "TIMEDOUT": "TimedOut"}


def run_order(actions: Json) -> list[str]:
    """The names of actions, each after those that it runs after."""
    ordered: list[str] = []
    for name, action in actions.items():
        unknown = set(action.get("runAfter", {})) - actions.keys()
        if unknown:
            raise FlowError(f"{name}: runs after {', '.join(sorted(unknown))}, which is not beside it")
        for before, statuses in action.get("runAfter", {}).items():
            wrong = [status for status in statuses if status.upper().replace(" ", "") not in STATUSES]
            if wrong or not statuses:
                raise FlowError(f"{name}: runs after {before} with the statuses {statuses}")
    while len(ordered) < len(actions):
        ready = [
            name for name in actions if name not in ordered and set(actions[name].get("runAfter", {})) <= set(ordered)
        ]
        if not ready:
            raise FlowError(f"these actions run after each other: {', '.join(sorted(set(actions) - set(ordered)))}")
        ordered.append(ready[0])
    return ordered


def unmet(action: Json, statuses: Mapping[str, str]) -> str | None:
    """Why an action is skipped: the name of one before it with another status."""
    for before, wanted in action.get("runAfter", {}).items():
        if statuses[before] not in {STATUSES[status.upper()] for status in wanted}:
            return str(before)
    return None


def group_status(actions: Json, statuses: Mapping[str, str]) -> str:
    """Succeeded or Failed. What is around an action that timed out has failed, as measured in Power Automate."""
    inner = {before for action in actions.values() for before in action.get("runAfter", {})}
    found = {status for name in actions if name not in inner for status in _counted(name, actions, statuses)}
    return "Failed" if found & {"Failed", "TimedOut", "Cancelled"} else "Succeeded"


def _counted(name: str, actions: Json, statuses: Mapping[str, str]) -> set[str]:
    """The statuses that a branch ends with: of its last action, or of those before it if that was skipped."""
    if statuses[name] != "Skipped":
        return {statuses[name]}
    before = actions[name].get("runAfter", {})
    return {status for other in before for status in _counted(other, actions, statuses)}

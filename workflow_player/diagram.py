"""A flow as a diagram, in the language of Mermaid, which GitHub and many editors show.

python -m workflow_player.diagram examples/logic_apps/scheduled_report/consumption.json
"""

import sys
from collections.abc import Iterator
from typing import Any

from workflow_player.flow import Flow, branches
from workflow_player.order import STATUSES

Json = dict[str, Any]

_BRANCHES = {"If": {"actions": "Yes", "else": "No"}, "Switch": {"default": "Otherwise"}}
"""What groups of actions are called in diagrams, if not as in the definition."""

_WORDS = {"Succeeded": "succeeded", "Failed": "failed", "Skipped": "skipped", "TimedOut": "timed out"}


def mermaid(flow: Flow) -> str:
    """The text of a diagram: the trigger, and actions in the order in which they run, in boxes if inside of others.

    An arrow without words stands for "after it has succeeded".
    """
    lines = ["flowchart TD"]
    ids = {name: f"a{number}" for number, name in enumerate(flow.all_actions(), 1)}
    for name in flow.triggers:
        lines.append(f"    start([{_text(name)}])")
    lines += [f"    {line}" for line in _group(flow.actions, ids)]
    first = [name for name, action in flow.actions.items() if not action.get("runAfter")]
    lines += [f"    start --> {ids[name]}" for name in first if flow.triggers]
    return "\n".join(lines) + "\n"


def _group(actions: Json, ids: dict[str, str]) -> Iterator[str]:
    for name, action in actions.items():
        yield from _action(name, action, ids)
    for name, action in actions.items():
        for before, statuses in action.get("runAfter", {}).items():
            yield f"{ids[before]} -->{_condition(statuses)} {ids[name]}"


def _action(name: str, action: Json, ids: dict[str, str]) -> Iterator[str]:
    groups = [(key, inner) for key, inner in branches(action) if inner]
    if not groups:
        yield f"{ids[name]}[{_text(name)}]"
        return
    yield f"subgraph {ids[name]}[{_text(_titled(name, action['type']))}]"
    named = len(groups) > 1 or action["type"] in ("If", "Switch", "Agent")
    for number, (key, inner) in enumerate(groups, 1):
        if named:
            title = _BRANCHES.get(action["type"], {}).get(key, key)
            yield f"    subgraph {ids[name]}_{number}[{_text(title)}]"
            yield from (f"        {line}" for line in _group(inner, ids))
            yield "    end"
        else:
            yield from (f"    {line}" for line in _group(inner, ids))
    yield "end"


def _titled(name: str, kind: str) -> str:
    words = {"Foreach": " (for each)", "Until": " (until)", "If": " ?"}
    return name + words.get(kind, "")


def _condition(statuses: list[str]) -> str:
    found = [STATUSES[status.upper()] for status in statuses]
    if found == ["Succeeded"]:
        return ""
    return f"|{', '.join(_WORDS[status] for status in found)}|"


def _text(name: str) -> str:
    plain = name.replace("_", " ").replace('"', "#quot;")
    return f'"{plain}"'


if __name__ == "__main__":
    print(mermaid(Flow.read(sys.argv[1])), end="")

"""A flow as a diagram."""

from tests.workflow_player.flows import compose, flow_of
from workflow_player.diagram import mermaid


def test_diagram():
    """Actions in boxes of what is around them, with the statuses that they run after."""
    check = {
        "type": "If",
        "expression": "@true",
        "actions": {'Send_"it"': compose(1)},
        "else": {"actions": {}},
        "runAfter": {"Get": ["Succeeded"]},
    }
    each = {"type": "Foreach", "foreach": "@json('[]')", "actions": {"Do": compose(1), "More": compose(1, "Do")}}
    flow = flow_of(
        {"Get": compose(1), "Check": check, "Each": each, "Oops": compose(1, "Check", statuses=("FAILED", "TimedOut"))}
    )
    assert mermaid(flow).splitlines() == [
        "flowchart TD",
        '    start(["manual"])',
        '    a1["Get"]',
        '    subgraph a2["Check ?"]',
        '        subgraph a2_1["Yes"]',
        '            a3["Send #quot;it#quot;"]',
        "        end",
        "    end",
        '    subgraph a4["Each (for each)"]',
        '        a5["Do"]',
        '        a6["More"]',
        "        a5 --> a6",
        "    end",
        '    a7["Oops"]',
        "    a1 --> a2",
        "    a2 -->|failed, timed out| a7",
        "    start --> a1",
        "    start --> a4",
    ]

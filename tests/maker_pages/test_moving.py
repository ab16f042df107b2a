"""The expressions of docs/migrating.md give what they say."""

import base64
import re
from typing import Any

from tests.maker_pages.pages import PAGES, PNG, play
from tests.markdown import section, table
from workflow_player.flow import Flow


def test_expressions_after_the_move_give_what_they_say(api):
    """The column After, evaluated on responses of the running connector."""
    rows = table(section(PAGES["migrating"], "Expressions"))
    after = {purpose: new if new != "the same" else old for purpose, old, new in rows}
    upload = api.call(
        "POST", "/files", json={"files": [{"fileName": "a.txt", "fileContent": base64.b64encode(b"abc").decode()}]}
    )
    session = upload.json()["sessionId"]
    chart = "import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.savefig('chart.png')\nprint('done')\n{'total': 7}"
    values = {
        "Upload": upload.json(),
        "Run_code": api.execute(chart, session, includeContent="never"),
        "Get_file": api.call("GET", f"/files/chart.png?sessionId={session}").json(),
    }
    got = {purpose: _evaluated(text, values) for purpose, text in after.items()}
    assert got["the printed text"] == ["done\n"]
    assert got["the value of the last line, as text"] == ["{'total': 7}"]
    assert got["a member of that value"] == [7]
    assert got["whether the code failed"] == [False]
    assert got["the session for the next action"] == [session]
    assert got["the name of the uploaded file"] == ["a.txt"]
    assert got["its size"] == [3]
    assert got["whether there is a chart"] == [True]
    assert base64.b64decode(got["the content, for an attachment"][-1]).startswith(PNG)
    for code, has_chart in ((SHOWN, True), ("open('/mnt/data/a.csv', 'w').write('a')", False)):
        values["Run_code"] = api.execute(code, session, includeContent="never")
        assert _evaluated(after["whether there is a chart"], values)[0] is has_chart
    values["Run_code"] = api.execute("1 / 0", session)
    assert _evaluated(after["whether the code failed"], values) == [True]
    assert _evaluated(after["why it failed"], values)[0] == "division by zero"


SHOWN = "import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.show()"


def _evaluated(text: str, bodies: dict[str, Any]) -> list[Any]:
    """The values of the complete expressions in a cell, whose actions have these bodies."""
    found = (
        [text] if text.startswith("@") else re.findall(r"`(@[^`]+)`", text)
    )  # a cell that is only code has no backticks
    wanted = [expression for expression in found if "body('Download')" not in expression]
    compose = {name: {"type": "Compose", "inputs": {"body": body}, "runAfter": {}} for name, body in bodies.items()}
    actions: dict[str, Any] = dict(compose)
    for place, expression in enumerate(wanted):
        read = re.sub(r"body\('(\w+)'\)", r"outputs('\1')?['body']", expression)
        actions[f"value_{place}"] = {
            "type": "Compose",
            "inputs": read,
            "runAfter": {name: ["Succeeded"] for name in compose},
        }
    trigger = {"manual": {"type": "Request", "kind": "Http", "inputs": {"schema": {}}}}
    flow = Flow.of({"definition": {"triggers": trigger, "actions": actions}, "parameters": {}})
    played = play(flow)
    assert played.status == "Succeeded", played.error
    return [played.actions[f"value_{place}"].outputs for place in range(len(wanted))]

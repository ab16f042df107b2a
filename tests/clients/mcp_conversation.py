"""A conversation over MCP, for the examples of all frameworks: a file, a mistake, a chart, and an address for the user.

The script checks what the model is given: the messages of the user, the texts of the tools and, where the framework
passes them on, images.
"""

import re
import urllib.request

from scripted_model import Call, Script

SALES = "region,amount\nNorth,42\nSouth,17\nNorth,8\n"
ASKED = [f"Which region sold most?\n{SALES}", "Draw it.", "Send me the chart."]
ANSWERS = ["North, with 50.", "The chart has two bars."]

PNG = b"\x89PNG\r\n\x1a\n"


def conversation(*, images: bool) -> Script:
    """`images`: whether the framework passes images on to the model."""
    given = yield
    assert given.text == ASKED[0]
    assert "DeleteFile" not in given.tools
    assert "pythonCode" in given.tools["ExecutePythonCode"]["parameters"]["properties"]

    given = yield Call("UploadFile", {"fileName": "sales.csv", "content": SALES})
    session_id = session_id_in(given.text)
    read = "import pandas as pd\nsales = pd.read_csv('/mnt/data/sales.csv')\n"
    given = yield run(f"{read}sales.groupby('Region')['amount'].sum()", session_id)
    assert "KeyError" in given.text and "line 3" in given.text, given.text
    assert re.search(r"did you mean|columns are", given.text, re.IGNORECASE), given.text
    assert given.images == ()
    write = "totals.to_csv('/mnt/data/totals.csv')"
    given = yield run(f"totals = sales.groupby('region')['amount'].sum()\n{write}\ntotals.to_dict()", session_id)
    assert "{'North': 50, 'South': 17}" in given.text and "totals.csv" in given.text
    assert session_id_in(given.text) == session_id
    given = yield ANSWERS[0]

    assert given.text == ASKED[1]
    draw = "totals.plot.bar(title='Sales').figure.savefig('/mnt/data/chart.png')"
    given = yield run(draw, session_id)
    assert "chart.png" in given.text
    assert [image[:8] for image in given.images] == ([PNG] if images else [])
    given = yield ANSWERS[1]

    assert given.text == ASKED[2]
    given = yield Call("ShareFile", {"sessionId": session_id, "fileName": "chart.png"})
    yield address_in(given.text)


def check_output(output: str) -> None:
    """What the user reads: the answers, and last an address that a browser can open."""
    assert output.splitlines()[:2] == ANSWERS
    with urllib.request.urlopen(address_in(output), timeout=10) as response:
        assert response.headers["Content-Type"] == "image/png"
        assert response.read()[:8] == PNG


def run(code: str, session_id: str) -> Call:
    return Call("ExecutePythonCode", {"pythonCode": code, "sessionId": session_id})


def session_id_in(text: str) -> str:
    """The only session ID that a text states."""
    (session_id,) = set(re.findall(r"\b[0-9a-f]{32}-[0-9a-f]{8}\b", text))
    return session_id


def address_in(text: str) -> str:
    """The only address of a shared file in a text."""
    (address,) = set(re.findall(r"http://127\.0\.0\.1:\d+/api/shared/[^\s\"')\]]+", text))
    return address

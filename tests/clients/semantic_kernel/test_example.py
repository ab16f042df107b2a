"""semantic-kernel: the example, whose agent has the operations of the agents' document as functions."""

import base64
import json

from scripted_model import Call

SALES = b"region,amount\nNorth,42\nSouth,17\nNorth,8\n"
ASKED = ["Which region sold most?", "Draw it.", "And last year?"]


def test_model_corrects_its_code_and_reads_why_a_call_was_refused(run_agent):
    """The model is given the error of its code with the hint, the name of its chart, and the connector's messages."""

    def script():
        given = yield
        assert given.text == ASKED[0]
        assert "code-EndSession" not in given.tools and "code-DeleteFile" not in given.tools
        file = {"fileName": "sales.csv", "fileContent": base64.b64encode(SALES).decode()}
        session = {"sessionId": json.loads((yield Call("code-UploadFile", {"files": [file]})).text)["sessionId"]}

        read = "import pandas as pd\nsales = pd.read_csv('/mnt/data/sales.csv')\n"
        given = yield Call("code-ExecutePythonCode", {"pythonCode": f"{read}sales['Amount'].sum()", **session})
        error = json.loads(given.text)["error"]
        assert error["name"] == "KeyError" and "amount" in error["hint"]
        total = {"pythonCode": "sales.groupby('region')['amount'].sum().to_dict()", **session}
        assert json.loads((yield Call("code-ExecutePythonCode", total)).text)["value"] == {"North": 50, "South": 17}
        given = yield "North, with 50."

        assert given.text == ASKED[1]
        chart = {"pythonCode": "sales.plot.bar()", "includeContent": "never", **session}
        (output,) = json.loads((yield Call("code-ExecutePythonCode", chart)).text)["outputs"]
        given = yield f"It is in {output['fileName']}."

        assert given.text == ASKED[2]
        given = yield Call("code-GetFile", {"fileName": "sales-2025.csv", **session})
        refused = json.loads(given.text)["error"]
        assert refused["code"] == "FileNotFound" and "sales-2025.csv" in refused["message"]
        yield "I have only this year's file."

    output = run_agent("semantic_kernel_openapi.py", script(), *ASKED)
    assert output.splitlines() == ["North, with 50.", "It is in output-1.png.", "I have only this year's file."]

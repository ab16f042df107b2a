"""The story: one operation of the connector after the other, on the files in `data/` and with the code in `steps/`."""

import base64
from pathlib import Path
from urllib.parse import quote

from examples.sales_report.calls import Connector, DemoFailed, JsonObject
from examples.sales_report.transcript import heading, say

HERE = Path(__file__).resolve().parent
DATA = [HERE / "data" / name for name in ("texas_home_sales.csv", "us_economy.xlsx", "texas_cities.json")]
CHART = "texas_home_sales.png"
OUTPUT = HERE.parents[1] / "demo-output"
PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"


def play(connector: Connector) -> None:
    """Upload, run, chart, download, clean up; DemoFailed at the first answer that is not the expected one."""
    check_connection(connector)
    session_id = upload_files(connector)
    summarize(connector, session_id)
    continue_with_variables(connector, session_id)
    draw_chart(connector, session_id)
    return_everything(connector, session_id)
    fail_on_purpose(connector, session_id)
    file_names = list_files(connector, session_id)
    chart = download_chart(connector, session_id)
    delete_files(connector, session_id, file_names)
    end_session(connector, session_id)
    say(f"\n\nDone. The chart is in {chart}")


def check_connection(connector: Connector) -> None:
    """CheckConnection."""
    heading("1. CheckConnection", "Does the connector reach its session pool, and may it use it?")
    connector.call("GET", "/connection")


def upload_files(connector: Connector) -> str:
    """UploadFile; returns the session that the connector made for the files."""
    heading(
        "2. UploadFile",
        "Three files go up: CSV, Excel and JSON. No sessionId is given, so the connector makes a session and "
        "returns its id. Whoever has the id can use the session: treat it as a secret.",
    )
    files = [{"fileName": path.name, "fileContent": base64.b64encode(path.read_bytes()).decode()} for path in DATA]
    uploaded: JsonObject = connector.call("POST", "/files", body={"files": files}).json()
    return str(uploaded["sessionId"])


def summarize(connector: Connector, session_id: str) -> None:
    """ExecutePythonCode that reads all three files and prints."""
    heading(
        "3. ExecutePythonCode: read the files",
        "In the session the files lie in /mnt/data. What the code prints is stdout.",
    )
    execute(connector, session_id, "1_summary.py", outcome="Succeeded")


def continue_with_variables(connector: Connector, session_id: str) -> None:
    """ExecutePythonCode that builds on the variables of the run before and ends in an expression."""
    heading(
        "4. ExecutePythonCode: go on from there",
        "Variables stay from run to run. When the last line is an expression, its value is result, as a string.",
    )
    execute(connector, session_id, "2_correlation.py", outcome="Succeeded")


def draw_chart(connector: Connector, session_id: str) -> None:
    """ExecutePythonCode that shows a figure and saves it too."""
    heading(
        "5. ExecutePythonCode: draw a chart",
        "A figure that is shown comes back in outputs. This one is too long for an answer that agents take too, so "
        "its content is left out (truncated says so), and is fetched from the file that holds it.",
    )
    execution = execute(connector, session_id, "3_chart.py", outcome="Succeeded")
    if [file["fileName"] for file in execution["files"]] != [CHART]:
        raise DemoFailed(f"the run should have told that it made {CHART}, and did not.")
    figures = [output for output in execution["outputs"] if output["contentType"] == "image/png"]
    if not figures:
        raise DemoFailed("the run should have returned its figure in outputs, and did not.")
    place = {"sessionId": session_id, "folder": f".outputs/{execution['executionId']}"}
    figure = connector.call("GET", f"/files/{figures[0]['fileName']}/content", query=place).content
    if not figure.startswith(PNG_SIGNATURE):
        raise DemoFailed("the figure's file should be a PNG image, and is not.")


def return_everything(connector: Connector, session_id: str) -> None:
    """ExecutePythonCode that shows three figures and a data frame, and writes a file; sent twice with one key."""
    heading(
        "6. ExecutePythonCode: everything that a run makes",
        "Three figures, a data frame as HTML and as JSON, and the file that was written. The call is made twice with "
        "the same idempotencyKey, as by a workflow that lost the first answer: the code runs once.",
    )
    key = {"idempotencyKey": "three-charts-and-a-table"}
    first, second = (execute(connector, session_id, "4_tables.py", outcome="Succeeded", members=key) for _ in range(2))
    kinds = [output["contentType"] for output in first["outputs"]]
    if kinds != ["image/png"] * 3 + ["text/html", "application/json"]:
        raise DemoFailed(f"the run should have returned three figures and a table, and returned {kinds}.")
    if second != first:
        raise DemoFailed("the second call should have answered what the first did.")


def fail_on_purpose(connector: Connector, session_id: str) -> None:
    """ExecutePythonCode whose code raises."""
    heading(
        "7. ExecutePythonCode: code that fails",
        "The call did its work, so the answer is a 200: a 4xx or 5xx would make the caller's retry policy run the code "
        "again. status says Failed, error says why, and what was printed before is there.",
    )
    execution = execute(connector, session_id, "5_key_error.py", outcome="Failed")
    if execution["error"]["name"] != "KeyError":
        raise DemoFailed(f"the code should have raised KeyError, and raised {execution['error']['name']}.")


def execute(
    connector: Connector, session_id: str, step: str, *, outcome: str, members: JsonObject | None = None
) -> JsonObject:
    """Run a file of `steps/` in the session and return the Execution, which must have that outcome as its status."""
    body = {"sessionId": session_id, "pythonCode": read_step(step), **(members or {})}
    execution: JsonObject = connector.call("POST", "/executions", body=body).json()
    if execution["status"] != outcome:
        raise DemoFailed(f"the run of {step} should be {outcome}, and is {execution['status']}.")
    return execution


def read_step(step: str) -> str:
    """Return the code in a file of `steps/`, without the lines that speak to this repository's linters."""
    lines = (HERE / "steps" / step).read_text(encoding="utf-8").splitlines(keepends=True)
    return "".join(line for line in lines if not line.startswith(("# mypy: ", "# ruff: ")))


def list_files(connector: Connector, session_id: str) -> list[str]:
    """ListFiles; returns the names."""
    heading(
        "8. ListFiles",
        "The three files that went up, the chart and the table that the code saved. What runs displayed is not listed.",
    )
    listed: JsonObject = connector.call("GET", "/files", query={"sessionId": session_id}).json()
    file_names = [file["fileName"] for file in listed["files"]]
    if missing := {CHART, *(path.name for path in DATA)}.difference(file_names):
        raise DemoFailed(f"the session should have {', '.join(sorted(missing))}, and has not.")
    return file_names


def download_chart(connector: Connector, session_id: str) -> Path:
    """DownloadFile into `demo-output/`; returns the absolute path."""
    heading("9. DownloadFile", "The chart comes back as it is: raw bytes with their content type, no base64.")
    chart = connector.call("GET", f"/files/{CHART}/content", query={"sessionId": session_id}).content
    if not chart.startswith(PNG_SIGNATURE):
        raise DemoFailed(f"what came back as {CHART} is not a PNG image.")
    OUTPUT.mkdir(exist_ok=True)
    path = OUTPUT / CHART
    path.write_bytes(chart)
    say(f"\nSaved as {path}")
    return path


def delete_files(connector: Connector, session_id: str, file_names: list[str]) -> None:
    """DeleteFile, once per file."""
    heading("10. DeleteFile", "One call for each file. There is nothing to say about what is gone, hence 204.")
    for name in file_names:
        connector.call("DELETE", f"/files/{quote(name, safe='')}", query={"sessionId": session_id}, expected_status=204)


def end_session(connector: Connector, session_id: str) -> None:
    """EndSession."""
    heading(
        "11. EndSession", "Variables and files go with it. A session that nobody ends goes by itself after a while."
    )
    connector.call("DELETE", f"/sessions/{session_id}", expected_status=204)

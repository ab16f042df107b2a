"""The steps of the demo: one operation after the other, on the files in `data/` and with the code in `steps/`."""

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


def run(connector: Connector) -> None:
    """Upload, run, chart, download, clean up. Raises DemoFailed at the first unexpected response."""
    check_connection(connector)
    session_id = upload_files(connector)
    summarize(connector, session_id)
    continue_with_variables(connector, session_id)
    draw_chart(connector, session_id)
    return_all_outputs(connector, session_id)
    fail_on_purpose(connector, session_id)
    file_names = list_files(connector, session_id)
    chart = download_chart(connector, session_id)
    delete_files(connector, session_id, file_names)
    end_session(connector, session_id)
    say(f"\n\nDone. The chart is in {chart}")


def check_connection(connector: Connector) -> None:
    """CheckConnection."""
    heading("1. CheckConnection", "Checks that the connector can reach its session pool, and has access to it.")
    connector.call("GET", "/connection")


def upload_files(connector: Connector) -> str:
    """UploadFile. Returns the ID of the session that was created for the files."""
    heading(
        "2. UploadFile",
        "Three files are uploaded: CSV, Excel and JSON. No sessionId is sent, so a session is created and its ID "
        "returned. Anyone who has the ID can use the session, so treat it as a secret.",
    )
    files = [{"fileName": path.name, "fileContent": base64.b64encode(path.read_bytes()).decode()} for path in DATA]
    uploaded: JsonObject = connector.call("POST", "/files", body={"files": files}).json()
    return str(uploaded["sessionId"])


def summarize(connector: Connector, session_id: str) -> None:
    """ExecutePythonCode with code that reads the three files and prints figures."""
    heading(
        "3. ExecutePythonCode: read the files",
        "In the session, the files are in /mnt/data. The printed text is returned as stdout.",
    )
    execute(connector, session_id, "1_summary.py", outcome="Succeeded")


def continue_with_variables(connector: Connector, session_id: str) -> None:
    """ExecutePythonCode with code that uses variables of the previous run and ends with an expression."""
    heading(
        "4. ExecutePythonCode: use earlier variables",
        "Variables persist from run to run. If the last line is an expression, result has its value as text.",
    )
    execute(connector, session_id, "2_correlation.py", outcome="Succeeded")


def draw_chart(connector: Connector, session_id: str) -> None:
    """ExecutePythonCode with code that displays and saves a figure."""
    heading(
        "5. ExecutePythonCode: draw a chart",
        "A displayed figure is returned in outputs. This one is too long for a response that agents can read, so its "
        "content is omitted (see truncated), and downloaded from its file.",
    )
    execution = execute(connector, session_id, "3_chart.py", outcome="Succeeded")
    if [file["fileName"] for file in execution["files"]] != [CHART]:
        raise DemoFailed(f"the run did not report that it created {CHART}.")
    figures = [output for output in execution["outputs"] if output["contentType"] == "image/png"]
    if not figures:
        raise DemoFailed("the run did not return its figure in outputs.")
    query = {"sessionId": session_id, "folder": f".outputs/{execution['executionId']}"}
    figure = connector.call("GET", f"/files/{figures[0]['fileName']}/content", query=query).content
    if not figure.startswith(PNG_SIGNATURE):
        raise DemoFailed("the file of the figure is not a PNG image.")


def return_all_outputs(connector: Connector, session_id: str) -> None:
    """ExecutePythonCode with code that displays three figures and a data frame, and writes a file; sent twice."""
    heading(
        "6. ExecutePythonCode: all kinds of outputs",
        "Three figures, a data frame as HTML and as JSON, and the file that was written. The call is sent twice with "
        "the same idempotencyKey, as by a workflow that lost the first response: the code runs once.",
    )
    key = {"idempotencyKey": "three-charts-and-a-table"}
    first, second = (execute(connector, session_id, "4_tables.py", outcome="Succeeded", members=key) for _ in range(2))
    kinds = [output["contentType"] for output in first["outputs"]]
    if kinds != ["image/png"] * 3 + ["text/html", "application/json"]:
        raise DemoFailed(f"the run returned {kinds} instead of three figures and a table.")
    if second != first:
        raise DemoFailed("the second call did not return the same response as the first.")


def fail_on_purpose(connector: Connector, session_id: str) -> None:
    """ExecutePythonCode with code that raises an exception."""
    heading(
        "7. ExecutePythonCode: code that fails",
        "The call succeeded, so the response is a 200: a 4xx or 5xx could make the caller's retry policy run the code "
        "again. status is Failed, error states why, and stdout has what was printed before.",
    )
    execution = execute(connector, session_id, "5_key_error.py", outcome="Failed")
    if execution["error"]["name"] != "KeyError":
        raise DemoFailed(f"the code raised {execution['error']['name']} instead of KeyError.")


def execute(
    connector: Connector, session_id: str, step: str, *, outcome: str, members: JsonObject | None = None
) -> JsonObject:
    """Run a file of `steps/` in the session. Returns the Execution; its status must be `outcome`."""
    body = {"sessionId": session_id, "pythonCode": read_step(step), **(members or {})}
    execution: JsonObject = connector.call("POST", "/executions", body=body).json()
    if execution["status"] != outcome:
        raise DemoFailed(f"the run of {step} is {execution['status']} instead of {outcome}.")
    return execution


def read_step(step: str) -> str:
    """The code in a file of `steps/`, without the directives for this repository's linters."""
    lines = (HERE / "steps" / step).read_text(encoding="utf-8").splitlines(keepends=True)
    return "".join(line for line in lines if not line.startswith(("# mypy: ", "# ruff: ")))


def list_files(connector: Connector, session_id: str) -> list[str]:
    """ListFiles. Returns the file names."""
    heading(
        "8. ListFiles",
        "The three uploaded files, and the chart and table that the code saved. Displayed outputs are not listed.",
    )
    listed: JsonObject = connector.call("GET", "/files", query={"sessionId": session_id}).json()
    file_names = [file["fileName"] for file in listed["files"]]
    if missing := {CHART, *(path.name for path in DATA)}.difference(file_names):
        raise DemoFailed(f"the session lacks {', '.join(sorted(missing))}.")
    return file_names


def download_chart(connector: Connector, session_id: str) -> Path:
    """DownloadFile to `demo-output/`. Returns the absolute path."""
    heading("9. DownloadFile", "The chart is returned as raw bytes with their content type, without base64.")
    chart = connector.call("GET", f"/files/{CHART}/content", query={"sessionId": session_id}).content
    if not chart.startswith(PNG_SIGNATURE):
        raise DemoFailed(f"{CHART} is not a PNG image.")
    OUTPUT.mkdir(exist_ok=True)
    path = OUTPUT / CHART
    path.write_bytes(chart)
    say(f"\nSaved as {path}")
    return path


def delete_files(connector: Connector, session_id: str, file_names: list[str]) -> None:
    """DeleteFile, once for each file."""
    heading("10. DeleteFile", "One call for each file. The response has no content, hence 204.")
    for name in file_names:
        connector.call("DELETE", f"/files/{quote(name, safe='')}", query={"sessionId": session_id}, expected_status=204)


def end_session(connector: Connector, session_id: str) -> None:
    """EndSession."""
    heading(
        "11. EndSession",
        "The session is deleted with its variables and files. A session that is not ended expires after a while.",
    )
    connector.call("DELETE", f"/sessions/{session_id}", expected_status=204)

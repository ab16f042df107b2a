"""The REST examples work: the shell script, unchanged, and each request of the .http file."""

import base64
import json
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml

ROOT = Path(__file__).resolve().parents[2]
REST = ROOT / "examples" / "rest"
OPERATIONS = {
    operation["operationId"]: (method.upper(), path)
    for path, item in yaml.safe_load((ROOT / "openapi.yaml").read_text(encoding="utf-8"))["paths"].items()
    for method, operation in item.items()
    if method != "parameters"
}
PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"


@dataclass
class HttpRequest:
    """A request of the .http file, with its variables not yet replaced."""

    name: str
    method: str
    url: str
    headers: dict[str, str]
    body: str


def run_script(folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the script in a folder, with the shell in POSIX mode."""
    if shutil.which("curl") is None:
        if os.environ.get("CI"):
            pytest.fail("The script needs curl. Install it.")
        pytest.skip("The script needs curl. Install it.")
    plain = {name: value for name, value in os.environ.items() if name not in ("BASE_URL", "FUNCTION_KEY", "CURL_HOME")}
    return subprocess.run(
        ["sh", str(REST / "sales_report.sh")],
        cwd=folder,
        env={**plain, "TMPDIR": str(folder), "POSIXLY_CORRECT": "1", **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=90,
    )


def read_http_file() -> tuple[dict[str, str], list[HttpRequest]]:
    """The variables and requests of the file, parsed as REST Client's documentation describes."""
    head, *blocks = re.split(r"^###.*\n", (REST / "sales_report.http").read_text(encoding="utf-8"), flags=re.MULTILINE)
    variables = {name: value.strip() for name, value in re.findall(r"^@(\w+) *=(.*)$", head, re.MULTILINE)}
    return variables, [_read_request(block) for block in blocks]


def _read_request(block: str) -> HttpRequest:
    top, _, body = block.partition("\n\n")
    (name,) = re.findall(r"^# @name (\w+)$", top, re.MULTILINE)
    lines = [line for line in top.splitlines() if not line.startswith("#")]
    method, url = lines[0].split(" ", 1)
    rest = lines[1:]
    while rest and rest[0][:1].isspace():  # a query may continue on indented lines
        url += rest.pop(0).strip()
    return HttpRequest(name, method, url, dict(line.split(": ", 1) for line in rest), body.rstrip("\n"))


def filled(text: str, variables: dict[str, str], responses: dict[str, requests.Response]) -> str:
    """The text with variables, and references to members of earlier responses, replaced by their values."""

    def value(match: re.Match[str]) -> str:
        member = re.fullmatch(r"(\w+)\.response\.body\.\$\.(\w+)", match[1])
        if member:
            return str(responses[member[1]].json()[member[2]])
        return filled(variables[match[1]], variables, responses)

    return re.sub(r"{{([^}]*)}}", value, text)


@pytest.fixture(scope="module", params=["api", "api_with_key"])
def responses(request: pytest.FixtureRequest) -> dict[str, requests.Response]:
    """The responses to the requests of the .http file, sent in order with the host and the key filled in."""
    api: Any = request.getfixturevalue(request.param)
    variables, http_requests = read_http_file()
    variables |= {"host": api.url.removesuffix("/api"), "key": api.key or ""}
    received: dict[str, requests.Response] = {}
    for each in http_requests:
        received[each.name] = api.call(
            each.method,
            filled(each.url, variables, received).removeprefix(api.url),
            headers={name: filled(value, variables, received) for name, value in each.headers.items()},
            data=filled(each.body, variables, received).encode(),
        )
    return received


def test_script_succeeds(api, tmp_path):
    """Without a key, as with make run: the chart is downloaded, and the session is deleted."""
    completed = run_script(tmp_path, BASE_URL=api.url.removesuffix("/api"))
    assert (completed.returncode, completed.stderr) == (0, "")
    assert (tmp_path / "sales_report.png").read_bytes().startswith(PNG_SIGNATURE)
    assert '"result": "2270"' in completed.stdout
    assert completed.stdout.count('"outputs": []') == 3, "the base64 of a chart is not readable"
    assert completed.stdout.endswith("Done. The chart is in sales_report.png\n")
    (session_id,) = set(re.findall(r'"sessionId": "([^"]+)"', completed.stdout))
    assert api.call("GET", f"/sessions/{session_id}").status_code == 404
    assert [path.name for path in tmp_path.iterdir()] == ["sales_report.png"]


def test_script_sends_the_function_key(api_with_key, tmp_path):
    """With a function key, and a URL that ends in /api, as people may copy it."""
    completed = run_script(tmp_path, BASE_URL=f"{api_with_key.url}/", FUNCTION_KEY=api_with_key.key)
    assert (completed.returncode, completed.stderr) == (0, "")
    assert api_with_key.key not in completed.stdout


def test_script_reports_a_missing_key(api_with_key, tmp_path):
    """Without a required key, the script names the variable to set, and leaves no files."""
    completed = run_script(tmp_path, BASE_URL=api_with_key.url)
    assert completed.returncode == 1
    assert completed.stderr == "sales_report.sh: the connector requires a function key. Set FUNCTION_KEY.\n"
    assert not list(tmp_path.iterdir())


def test_script_reports_an_unreachable_connector(tmp_path):
    """Without a connector, the message has the URL and what to check."""
    completed = run_script(tmp_path, BASE_URL="http://127.0.0.1:9")
    assert completed.returncode == 1
    assert (
        "no response from http://127.0.0.1:9/api. Check that the connector is running and BASE_URL is correct."
        in completed.stderr
    )


def test_default_url_is_that_of_make_run():
    """Without BASE_URL, the URL is where `make run` serves the connector."""
    script = (REST / "sales_report.sh").read_text(encoding="utf-8")
    variables, _ = read_http_file()
    assert "BASE_URL=${BASE_URL:-http://127.0.0.1:7071}" in script
    assert variables["host"] == "http://127.0.0.1:7071"
    assert variables["key"] == ""


def test_every_request_succeeds(responses):
    """The status of each response is 2xx."""
    assert {name: response.status_code for name, response in responses.items() if not response.ok} == {}
    assert responses["ExecutePythonCode"].json()["result"] == "2270"
    assert responses["GetExecution"].json()["stdout"] == responses["ExecutePythonCode"].json()["stdout"]
    assert {file["fileName"] for file in responses["ListFiles"].json()["files"]} == {
        "notes.txt",
        "sales.csv",
        "sales_report.png",
    }
    assert responses["DownloadFile"].content.startswith(PNG_SIGNATURE)
    assert responses["EndSession"].status_code == 204


def test_runs_succeed(responses):
    """A run that fails is a 200 too, so the status of both runs is checked."""
    assert [responses[name].json()["status"] for name in ("ExecutePythonCode", "DrawChart")] == ["Succeeded"] * 2


def test_http_file_uploads_the_data(responses):
    """The base64 in the .http file is sales.csv."""
    assert base64.b64decode(responses["GetFile"].json()["fileContent"]) == (REST / "sales.csv").read_bytes()


@pytest.mark.parametrize("request_", read_http_file()[1], ids=lambda request: request.name)
def test_requests_are_named_after_their_operation(request_):
    """A request calls the operation in its name; DrawChart is a second ExecutePythonCode."""
    operation_id = {"DrawChart": "ExecutePythonCode"}.get(request_.name, request_.name)
    method, path = OPERATIONS[operation_id]
    called, _, query = request_.url.removeprefix("{{api}}").partition("?")
    assert request_.method == method
    assert re.fullmatch(re.sub(r"{\w+}", "[^/]+", path), called)
    assert query.partition("=")[0] in ("", "sessionId")
    assert request_.headers["x-functions-key"] == "{{key}}"


def test_http_file_sends_json():
    """Bodies other than the bytes of a file are JSON, with the content type of JSON."""
    for request in read_http_file()[1]:
        if request.body and request.name != "PutFile":
            assert request.headers["Content-Type"] == "application/json"
            assert isinstance(json.loads(request.body), dict)

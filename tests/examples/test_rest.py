"""The examples of REST calls do what they tell: the shell script as it stands, and each request of the .http file."""

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
    """One request of the .http file, its variables still in it."""

    name: str
    method: str
    url: str
    headers: dict[str, str]
    body: str


def play(folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Runs the script in a folder, with a shell that is told to be a plain one."""
    if shutil.which("curl") is None:
        if os.environ.get("CI"):
            pytest.fail("the script needs curl, and there is none")
        pytest.skip("the script needs curl, and there is none")
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
    """The file's variables and requests, as REST Client's documentation describes the form."""
    head, *blocks = re.split(r"^###.*\n", (REST / "sales_report.http").read_text(encoding="utf-8"), flags=re.MULTILINE)
    variables = {name: value.strip() for name, value in re.findall(r"^@(\w+) *=(.*)$", head, re.MULTILINE)}
    return variables, [_read_request(block) for block in blocks]


def _read_request(block: str) -> HttpRequest:
    top, _, body = block.partition("\n\n")
    (name,) = re.findall(r"^# @name (\w+)$", top, re.MULTILINE)
    lines = [line for line in top.splitlines() if not line.startswith("#")]
    method, address = lines[0].split(" ", 1)
    rest = lines[1:]
    while rest and rest[0][:1].isspace():  # a query may go on in lines that are indented
        address += rest.pop(0).strip()
    return HttpRequest(name, method, address, dict(line.split(": ", 1) for line in rest), body.rstrip("\n"))


def filled(text: str, variables: dict[str, str], answers: dict[str, requests.Response]) -> str:
    """The text with variables and members of earlier answers in place of their names."""

    def value(found: re.Match[str]) -> str:
        chained = re.fullmatch(r"(\w+)\.response\.body\.\$\.(\w+)", found[1])
        if chained:
            return str(answers[chained[1]].json()[chained[2]])
        return filled(variables[found[1]], variables, answers)

    return re.sub(r"{{([^}]*)}}", value, text)


@pytest.fixture(scope="module", params=["api", "api_with_key"])
def answers(request: pytest.FixtureRequest) -> dict[str, requests.Response]:
    """What the connector answers to each request of the .http file, sent in order with a host and a key filled in."""
    api: Any = request.getfixturevalue(request.param)
    variables, sent = read_http_file()
    variables |= {"host": api.url.removesuffix("/api"), "key": api.key or ""}
    got: dict[str, requests.Response] = {}
    for one in sent:
        got[one.name] = api.call(
            one.method,
            filled(one.url, variables, got).removeprefix(api.url),
            headers={name: filled(value, variables, got) for name, value in one.headers.items()},
            data=filled(one.body, variables, got).encode(),
        )
    return got


def test_the_script_plays_to_its_end(api, tmp_path):
    """Without a key, against a connector like that of make run: the chart is there, and the session is gone."""
    played = play(tmp_path, BASE_URL=api.url.removesuffix("/api"))
    assert (played.returncode, played.stderr) == (0, "")
    assert (tmp_path / "sales_report.png").read_bytes().startswith(PNG_SIGNATURE)
    assert '"result": "2270"' in played.stdout
    assert played.stdout.count('"outputs": []') == 3, "a chart's base64 is nothing to read"
    assert played.stdout.endswith("Done. The chart is in sales_report.png\n")
    (session_id,) = set(re.findall(r'"sessionId": "([^"]+)"', played.stdout))
    assert api.call("GET", f"/sessions/{session_id}").status_code == 404
    assert [path.name for path in tmp_path.iterdir()] == ["sales_report.png"]


def test_the_script_takes_a_key(api_with_key, tmp_path):
    """With a function key, and an address that ends in /api, as people copy it."""
    played = play(tmp_path, BASE_URL=f"{api_with_key.url}/", FUNCTION_KEY=api_with_key.key)
    assert (played.returncode, played.stderr) == (0, "")
    assert api_with_key.key not in played.stdout


def test_the_script_asks_for_a_key(api_with_key, tmp_path):
    """Without the key that a connector asks for, the script says what to set, and leaves nothing behind."""
    played = play(tmp_path, BASE_URL=api_with_key.url)
    assert played.returncode == 1
    assert played.stderr == "sales_report.sh: the connector asks for a function key. Set FUNCTION_KEY to one.\n"
    assert not list(tmp_path.iterdir())


def test_the_script_says_that_nobody_is_there(tmp_path):
    """Without a connector, the script says which address did not answer, and what to look at."""
    played = play(tmp_path, BASE_URL="http://127.0.0.1:9")
    assert played.returncode == 1
    assert "no answer from http://127.0.0.1:9/api. Is the connector running, and BASE_URL right?" in played.stderr


def test_the_script_calls_make_runs_connector_by_itself():
    """The address without BASE_URL is where `make run` serves the connector."""
    script = (REST / "sales_report.sh").read_text(encoding="utf-8")
    variables, _ = read_http_file()
    assert "BASE_URL=${BASE_URL:-http://127.0.0.1:7071}" in script
    assert variables["host"] == "http://127.0.0.1:7071"
    assert variables["key"] == ""


def test_every_request_is_answered_well(answers):
    """Each request of the .http file ends in a 2xx."""
    assert {name: answer.status_code for name, answer in answers.items() if not answer.ok} == {}
    assert answers["ExecutePythonCode"].json()["result"] == "2270"
    assert answers["GetExecution"].json()["stdout"] == answers["ExecutePythonCode"].json()["stdout"]
    assert {file["fileName"] for file in answers["ListFiles"].json()["files"]} == {
        "notes.txt",
        "sales.csv",
        "sales_report.png",
    }
    assert answers["DownloadFile"].content.startswith(PNG_SIGNATURE)
    assert answers["EndSession"].status_code == 204


def test_runs_succeed(answers):
    """A run that fails is a 200 too, so that the status of both runs is looked at."""
    assert [answers[name].json()["status"] for name in ("ExecutePythonCode", "DrawChart")] == ["Succeeded"] * 2


def test_the_http_file_uploads_the_data(answers):
    """The base64 in the .http file is sales.csv."""
    assert base64.b64decode(answers["GetFile"].json()["fileContent"]) == (REST / "sales.csv").read_bytes()


@pytest.mark.parametrize("request_", read_http_file()[1], ids=lambda request: request.name)
def test_requests_are_named_for_their_operation(request_):
    """A request calls the operation that it is named for; DrawChart is a second ExecutePythonCode."""
    operation_id = {"DrawChart": "ExecutePythonCode"}.get(request_.name, request_.name)
    method, path = OPERATIONS[operation_id]
    called, _, query = request_.url.removeprefix("{{api}}").partition("?")
    assert request_.method == method
    assert re.fullmatch(re.sub(r"{\w+}", "[^/]+", path), called)
    assert query.partition("=")[0] in ("", "sessionId")
    assert request_.headers["x-functions-key"] == "{{key}}"


def test_the_http_file_sends_json():
    """Bodies other than a file's bytes are JSON, and say so."""
    for request in read_http_file()[1]:
        if request.body and request.name != "PutFile":
            assert request.headers["Content-Type"] == "application/json"
            assert isinstance(json.loads(request.body), dict)

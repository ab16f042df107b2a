"""The examples of README.md run unchanged, but for the addresses."""

import json
import re
import subprocess
import sys

from programs import ROOT

from examples.autogen_web_api.settings import Settings

README = (ROOT / "examples" / "autogen_web_api" / "README.md").read_text(encoding="utf-8")


def test_conversation_runs_unchanged(start_app, tmp_path):
    """The commands with curl have a conversation of five turns, with a file, a chart and a corrected mistake."""
    (script,) = re.findall(r"<!-- example: conversation -->\n```sh\n(.*?)\n```\n\n", README, re.DOTALL)
    script = script.replace("http://127.0.0.1:8000", start_app()).replace("/tmp/", f"{tmp_path}/")
    completed = subprocess.run(["bash", "-e"], input=script, capture_output=True, text=True, timeout=90)
    assert completed.returncode == 0, completed.stderr
    time, uploaded, sales, chart, totals, files, content = completed.stdout.split("\n", 6)
    assert json.loads(uploaded)["files"][0]["name"] == "sales.csv"
    answers = [json.loads(line) for line in (time, sales, chart, totals, files)]
    assert len({answer["conversation_id"] for answer in answers}) == 1
    assert [run["succeeded"] for run in answers[1]["runs"]] == [False, True]
    assert answers[2]["images"][0]["content_type"] == "image/png"
    assert "totals.csv" in answers[4]["answer"] and "sales.csv" in answers[4]["answer"]
    assert content == "region,amount\nNorth,320\nSouth,80\n"
    # What the page shows of the second answer.
    (shown,) = (json.loads(block) for block in re.findall(r"```json\n(.*?)```", README, re.DOTALL))
    assert shown.keys() == answers[1].keys() and shown["answer"] == answers[1]["answer"]
    for run, told in zip(answers[1]["runs"], shown["runs"], strict=True):
        assert run["output"].startswith(told["output"].removesuffix("...")) and run["succeeded"] == told["succeeded"]


def test_program_with_the_executor_runs_unchanged(connector, monkeypatch):
    """The program prints the exit code and the output of its block."""
    (program,) = re.findall(r"```python\n(import.*?)```", README, re.DOTALL)
    monkeypatch.setenv("CONNECTOR_KEY", connector.key)
    program = program.replace("http://127.0.0.1:7071/api", connector.url)
    completed = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert (completed.returncode, completed.stdout) == (0, "0 42\n"), completed.stderr


def test_limits_are_those_of_the_settings():
    """The page states the limits that the settings have."""
    settings = Settings(connector_url="")
    assert f"up to {settings.most_message_characters:,} characters, conversations up to {settings.most_turns}" in README
    assert f"{settings.most_upload_bytes // 1_000_000} MB at a time" in README
    assert f"without requests for {settings.idle_seconds // 60} minutes" in README

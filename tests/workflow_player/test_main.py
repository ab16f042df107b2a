"""make play: the program, as a maker runs it."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.markdown import section, table

ROOT = Path(__file__).resolve().parents[2]


def run(*arguments: str | Path, folder: Path = ROOT) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "workflow_player", *map(str, arguments)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=90,
    )


def test_a_flow_with_a_file_of_ones_own(tmp_path):
    """Every step is printed; the mail is a page with the chart in it, and what the flow hides is hidden."""
    sales = tmp_path / "mine.csv"
    sales.write_text("Category,Price,Date\nBooks,42,2026-01-02\nTapes,17,2026-01-03\n")
    output = tmp_path / "output"
    made = run("examples/logic_apps/scheduled_report", "--file", sales, "--output", output)
    assert made.returncode == 0, made.stdout + made.stderr
    assert re.search(r"^    Run_code +Succeeded +\d+\.\d s$", made.stdout, re.MULTILINE)
    assert "The flow ended as Succeeded." in made.stdout
    (page,) = (output / "mails").glob("*.html")
    assert str(page) in made.stdout
    text = page.read_text(encoding="utf-8")
    assert "data:image/png;base64,iVBOR" in text and "Books" in text
    (steps,) = json.loads((output / "steps.json").read_text(encoding="utf-8"))
    hidden = {step["name"]: step.get("inputs") for step in steps if step["name"] in ("Run_code", "Send_report")}
    assert set(hidden.values()) == {"(hidden: secure data)"}


def test_an_unknown_flow():
    """Those that there are are named, as commands."""
    made = run("examples/nothing")
    assert made.returncode == 2
    assert "no flow 'examples/nothing'" in made.stderr
    assert "make play FLOW=examples/logic_apps/scheduled_report\n" in made.stderr
    assert "Traceback" not in made.stderr


def test_a_connector_that_does_not_answer():
    """It is named."""
    made = run("examples/logic_apps/scheduled_report", "--url", "http://127.0.0.1:9")
    assert made.returncode == 2 and made.stderr.strip().endswith("the connector at http://127.0.0.1:9 does not answer.")


def test_a_connector_that_asks_for_a_key(api_with_key):
    """The option is named before anything is played, with or without a wrong key."""
    made = run("examples/logic_apps/scheduled_report", "--url", api_with_key.url)
    assert made.returncode == 2 and made.stderr.strip().endswith("asks for a function key: --key KEY")
    made = run("examples/logic_apps/scheduled_report", "--url", api_with_key.url, "--key", "wrong")
    assert made.returncode == 2 and made.stderr.strip().endswith("does not accept this function key: --key KEY")


def test_a_flow_that_needs_more_than_a_running_connector():
    """The built-in connector needs the pool behind it, which only a connector started for the play shows."""
    made = run("examples/logic_apps/agent_workflow/standard/SalesReportBuiltIn", "--url", "http://127.0.0.1:9")
    assert made.returncode == 2 and "play it without --url" in made.stderr


@pytest.mark.parametrize("flow", ["consumption/sales_report_over_http.json", "consumption/sales_report.json"])
def test_flows_that_share_a_play_file(flow, api_with_key, tmp_path):
    """Each takes the parameters that it has; the agent says when its tool has returned nothing."""
    unreadable = tmp_path / "sales.csv"
    unreadable.write_text("Category;Price\nBooks;1\n")
    own = ["--file", unreadable, "--output", tmp_path / "output"]
    made = run(f"examples/logic_apps/agent_workflow/{flow}", "--url", api_with_key.url, "--key", api_with_key.key, *own)
    assert "The tool Upload_sales_data has returned no Result.stdout." in made.stdout, made.stderr


def test_a_missing_file():
    """It is named."""
    made = run("examples/logic_apps/scheduled_report", "--file", "nothing.csv")
    assert made.returncode == 2 and "there is no file nothing.csv" in made.stderr


def test_options_are_listed():
    """README has every option, and no other."""
    readme = (ROOT / "workflow_player" / "README.md").read_text(encoding="utf-8")
    options = set(re.findall(r"--[a-z]+", run("--help").stdout)) - {"--help"}
    assert {row[0].split()[0] for row in table(section(readme, "Options"))} == options

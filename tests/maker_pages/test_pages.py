"""The pages for makers have what a maker looks for, and name actions, fields and errors as the connector does."""

import re
from typing import Any

import pytest

from connector.errors import ConnectorError
from connector_package import connector_solution, flow_solution
from connector_package.solution import solution_version
from tests.maker_pages.pages import DOCS, FOLLOWED, IDS, MAKERS, OPERATIONS, PAGES, ROOT
from tests.markdown import section, table

SECTIONS = [
    "What you need",
    "See it work first",
    "Steps",
    "If something fails",
    "Make it yours",
    "Limits",
    "Security",
    "What was tested",
]


@pytest.mark.parametrize("name", FOLLOWED)
def test_page_has_the_sections_that_a_maker_looks_for(name):
    """In their order, after a question."""
    titles = re.findall(r"^## (.*)$", PAGES[name], re.MULTILINE)
    assert [title for title in titles if title in SECTIONS] == SECTIONS
    assert "?" in PAGES[name].split("\n## ")[0]


@pytest.mark.parametrize("name", FOLLOWED)
def test_each_step_says_how_one_sees_that_it_worked(name):
    """Every step under Steps has a sentence that begins with "You see"."""
    steps = section(PAGES[name], "Steps")
    parts = re.split(r"^(?:### |\d+\. \*\*)", steps, flags=re.MULTILINE)[1:]
    assert len(parts) >= 3
    for part in parts:
        assert (
            "**You see**" in part or "You see" in part or "Tell it how to work" in part or "Create an agent" in part
        ), part


@pytest.mark.parametrize("name", PAGES)
def test_page_states_that_it_was_not_tried(name):
    """No page lets one believe that it was followed in a tenant."""
    tested = " ".join(section(PAGES[name], "What was tested").split())
    assert re.search(r"No solution was imported|Nothing was imported|No agent was imported|it was not called", tested)


@pytest.mark.parametrize("name", PAGES)
def test_codes_of_errors_are_those_of_the_connector(name):
    """With their HTTP status."""
    statuses = {error.__name__: error.status for error in _errors(ConnectorError)}
    named = re.findall(r"\b(\d{3}) `([A-Z]\w+)`", PAGES[name])
    assert all(statuses[code] == int(status) for status, code in named)
    assert named or name == "migrating"


def _errors(kind: type[ConnectorError]) -> list[type[ConnectorError]]:
    return [kind, *(found for inner in kind.__subclasses__() for found in _errors(inner))]


def test_actions_in_the_comparison_are_the_connectors():
    """docs/migrating.md names each action as makers see it, with its operationId."""
    for _, ours, _ in table(section(PAGES["migrating"], "What you change")):
        for title, operation_id in re.findall(r"\*([^*]+)\* \(`(\w+)`\)", ours):
            assert IDS[title] == operation_id


def test_outputs_in_the_comparison_exist():
    """Each output of this connector in docs/migrating.md is a member of the operation's response."""
    operation_id = ""
    lines = [line for line in section(PAGES["migrating"], "Outputs").splitlines() if line.startswith("|")]
    for _, _, _, named, output, _ in (re.split(r"\s*\|\s*", line) for line in lines[2:]):
        named = named.strip("`")
        operation_id = named or operation_id
        schema = OPERATIONS[operation_id]["responses"]["200" if operation_id != "DeleteFile" else "204"].get(
            "schema", {}
        )
        for member in re.findall(r"`([\w.\[\]]+)`", output):
            if member in ("GetFile", "fileContent"):
                continue
            node = _resolved(schema)
            for part in re.findall(r"\w+", member):
                node = _resolved(node["items"] if part.isdigit() else node["properties"][part])


def _resolved(schema: dict[str, Any]) -> dict[str, Any]:
    return MAKERS["definitions"][schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema


def test_mcp_server_is_added_as_the_page_for_developers_says():
    """docs/copilot-studio.md has the fields of docs/agents.md."""
    agents = (DOCS / "agents.md").read_text(encoding="utf-8")
    assert table(PAGES["copilot-studio"].split("### 2.")[1]) == table(section(agents, "Copilot Studio"))


def test_doubts_of_every_example_are_collected():
    """docs/verification.md leads to each page that lists what only a tenant can settle."""
    collected = section((DOCS / "verification.md").read_text(encoding="utf-8"), "What only a tenant can settle")
    for page in (ROOT / "examples").glob("*/**/README.md"):
        if re.search(r"[Oo]nly a tenant", page.read_text(encoding="utf-8")):
            assert f"../{page.relative_to(ROOT)}#" in collected, page
    for page in PAGES.values():
        assert "verification.md#what-only-a-tenant-can-settle" in page or "built-in connector's operations" in page


# ---- what the pages name of the flows


@pytest.mark.parametrize("name", FOLLOWED)
def test_flows_to_play_exist(name):
    """Each `make play` names a flow that can be played, and a file."""
    for flow, file in re.findall(r'make play FLOW=(\S+) ARGS="--file (\S+)"', PAGES[name]):
        folder = ROOT / flow
        assert (folder / "play.json").exists() or (folder.parent / "play.json").exists() or list(folder.glob("*.json"))
        assert (ROOT / file).exists()
    assert "make play" in PAGES[name] or "make run" in PAGES[name]


def test_solutions_are_named_as_they_are_written():
    """docs/power-automate.md has the names of the zips, of the flows, and of environment variables."""
    page = PAGES["power-automate"]
    version = re.findall(r"CodeInterpreterFlows_([\d_]+)\.zip", page)[0].replace("_", ".")
    for unique_name in (connector_solution.UNIQUE_NAME, flow_solution.UNIQUE_NAME):
        assert f"`{unique_name}_{version.replace('.', '_')}.zip`" in page
    assert solution_version(MAKERS["info"]["version"]) == version
    for flow in flow_solution.ALL_FLOWS:
        assert f"*{flow.title}*" in page
    named = {name for name, _ in table(page.split("### 4.")[1].replace("   |", "|"))}
    assert named <= {variable.display_name for variable in flow_solution.ENVIRONMENT_VARIABLES}
    defaults = {variable.display_name: variable.default for variable in flow_solution.ENVIRONMENT_VARIABLES}
    assert all(f"`{defaults[name]}`" in page for name in ("Code folder", "Report folder"))


def test_lines_to_change_are_those_of_the_code():
    """docs/power-automate.md shows two lines of sales_report.py, as the file has them."""
    shown = re.findall(r"^```python\n(.*?)^```$", PAGES["power-automate"], re.MULTILINE | re.DOTALL)[0]
    assert shown in (ROOT / "examples/workflow_code/sales_report.py").read_text(encoding="utf-8")

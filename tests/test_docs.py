"""README and docs say what is so: their tables equal the code, and the tour's commands do what stands below them."""

import itertools
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
import yaml

from connector.contract.agents import agents_document
from connector.errors import ConnectorError
from connector.settings import SETTINGS
from tests.shown import assert_lines_shown, assert_shown

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
POOL_PAGE = (ROOT / "docs" / "session-pool-emulator.md").read_text(encoding="utf-8")
DEPLOY_PAGE = (ROOT / "docs" / "deploy.md").read_text(encoding="utf-8")
DOCUMENT = yaml.safe_load((ROOT / "openapi.yaml").read_text(encoding="utf-8"))
OPERATIONS = [
    (operation["operationId"], method.upper(), path)
    for path, item in DOCUMENT["paths"].items()
    for method, operation in item.items()
    if method != "parameters"
]


class Step(NamedTuple):
    """A block of commands in the tour, and the block that shows what comes back, if there is one."""

    commands: str
    shown: str
    kind: str  # json, text, or "" where nothing is shown


def section(text: str, title: str) -> str:
    """What stands below a heading of the second level."""
    return text.split(f"\n## {title}\n", 1)[1].split("\n## ", 1)[0]


def table(text: str) -> list[tuple[str, ...]]:
    """The rows of the first table, without its head; marks of code are taken from cells that are code as a whole."""
    lines = itertools.takewhile(
        lambda line: line.startswith("|"), itertools.dropwhile(lambda line: not line.startswith("|"), text.splitlines())
    )
    rows = [tuple(cell.strip() for cell in line.strip("|").split(" | ")) for line in lines]
    return [tuple(re.sub(r"^`([^`]*)`$", r"\1", cell) for cell in row) for row in rows[2:]]


def tour() -> list[Step]:
    blocks = re.findall(r"^```(\w*)\n(.*?)^```$", section(README, "A tour with curl"), re.MULTILINE | re.DOTALL)
    steps: list[Step] = []
    for language, text in blocks:
        if language == "bash":
            steps.append(Step(text, "", ""))
        else:
            assert not steps[-1].kind, f"two answers below one block:\n{text}"
            steps[-1] = steps[-1]._replace(shown=text, kind=language)
    return steps


def tour_calls() -> set[tuple[str, str]]:
    """Method and address of each curl command."""
    calls = set()
    for line in "".join(step.commands for step in tour()).splitlines():
        if line.startswith("curl "):
            words = shlex.split(line)
            (address,) = [word for word in words if word.startswith("$API")]
            calls.add((method_of(words), address.removeprefix("$API").partition("?")[0]))
    return calls


def method_of(curl: list[str]) -> str:
    if "-X" in curl:
        return curl[curl.index("-X") + 1]
    methods = {"-I": "HEAD", "-T": "PUT", "-d": "POST", "-F": "POST"}
    return next((method for option, method in methods.items() if option in curl), "GET")


def options_of(module: str) -> set[str]:
    """The options that a program's --help shows."""
    shown = subprocess.run(
        [sys.executable, "-m", module, "--help"], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60
    )
    return set(re.findall(r"--[a-z][a-z-]+", shown.stdout))


@pytest.fixture(scope="module")
def connector_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The connector as README starts it, on free ports; it must end well on Ctrl-C."""
    errors = tmp_path_factory.mktemp("emulator") / "stderr.txt"
    command = [sys.executable, "-m", "emulator", "--port", "0", "--pool-port", "0"]
    with errors.open("w") as stderr, subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=stderr, text=True, process_group=0
    ) as process:  # fmt: skip
        try:
            assert process.stdout is not None
            url = ""
            for line in process.stdout:
                words = line.split()
                url = words[1] if words[:1] == ["connector"] else url
                if words == ["ready"]:
                    break
            else:
                pytest.fail(f"the emulator ended before it was ready:\n{errors.read_text()}")
            yield url
            process.send_signal(signal.SIGINT)
            assert process.wait(timeout=20) == 0, errors.read_text()
        finally:
            process.kill()


@pytest.fixture(scope="module")
def answers(connector_url: str, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """What each block of the tour writes, when one bash runs them all in order."""
    if shutil.which("curl") is None:
        if os.environ.get("CI"):
            pytest.fail("README's tour needs curl, and there is none")
        pytest.skip("README's tour needs curl, and there is none")
    folder = tmp_path_factory.mktemp("tour")
    end_of_block = "----- end of block -----"
    script = "set -euo pipefail\n" + "".join(f"{step.commands}printf '\\n{end_of_block}\\n'\n" for step in tour())
    (folder / "tour.sh").write_text(script, encoding="utf-8")
    environment = {name: value for name, value in os.environ.items() if name not in ("SESSION", "CURL_HOME")}
    environment |= {"API": connector_url, "TMPDIR": str(folder)}
    done = subprocess.run(
        ["bash", "tour.sh"], cwd=folder, env=environment, stdin=subprocess.DEVNULL, capture_output=True, timeout=90
    )
    output, errors = done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace")
    assert done.returncode == 0, f"exit code {done.returncode}\n{output}\n{errors}"
    return output.split(f"\n{end_of_block}\n")[:-1]


def test_settings_table():
    """README lists every setting with its name, default and sentence, and no other."""
    assert table(section(README, "Settings")) == [
        (setting.name, setting.default or "none", setting.sentence) for setting in SETTINGS
    ]


def test_error_table():
    """README lists every error with its code and status, and no other."""
    kinds, classes = [ConnectorError], {}
    while kinds:
        found = kinds.pop().__subclasses__()
        kinds += found
        classes |= {kind.__name__: str(kind.status) for kind in found if kind.__module__ == ConnectorError.__module__}
    rows = table(section(README, "Errors"))
    assert {code: status for code, status, _ in rows} == classes
    assert all(meaning for *_, meaning in rows)


@pytest.mark.parametrize("operation_id", [operation_id for operation_id, _, _ in OPERATIONS])
def test_operation_is_in_readme(operation_id):
    """README's tour speaks of every operation by its operationId."""
    assert f"`{operation_id}`" in section(README, "A tour with curl")


@pytest.mark.parametrize(("operation_id", "method", "path"), OPERATIONS, ids=[name for name, _, _ in OPERATIONS])
def test_operation_is_called(operation_id, method, path):
    """README's tour calls every operation."""
    address = re.compile(re.sub(r"\{\w+\}", "[^/]+", path))
    assert [call for call in tour_calls() if call[0] == method and address.fullmatch(call[1])]


def test_tour_knows_no_other_call():
    """What README's tour calls is in the contract."""
    addresses = [(method, re.compile(re.sub(r"\{\w+\}", "[^/]+", path))) for _, method, path in OPERATIONS]
    for call in tour_calls():
        assert any(call[0] == method and address.fullmatch(call[1]) for method, address in addresses), call


@pytest.mark.parametrize("number", [number for number, step in enumerate(tour()) if step.kind])
def test_tour(answers, number):
    """A block of README's tour, run as it stands, answers what README shows below it."""
    step, output = tour()[number], answers[number]
    if step.kind == "text":
        assert_lines_shown(step.shown, output)
    else:
        last = [line for line in output.splitlines() if line.startswith("{")][-1]
        assert_shown(json.loads(step.shown), json.loads(last))


def test_readme_lists_the_operations_that_become_tools():
    """The last answer of README's tour is the list of the operations in the agents' document, in its order."""
    paths = agents_document(DOCUMENT)["paths"]
    assert tour()[-1].shown.split() == [entry["operationId"] for item in paths.values() for entry in item.values()]


def test_importers_are_in_readme():
    """README's table has each package whose tests call every operation, with the version that they run with."""
    tested = {}
    for module in (ROOT / "tests" / "clients").glob("*/test_*.py"):
        text = module.read_text(encoding="utf-8")
        if "(EveryOperation)" in text:
            package = text.removeprefix('"""').partition(":")[0]
            pins = (module.parent / "requirements.txt").read_text(encoding="utf-8")
            tested[package] = re.findall(rf"^{package}==(.*)$", pins, re.MULTILINE)
    shown = section(README, "A custom connector, and tools for agents").split("These published packages", 1)[1]
    assert {package: [version] for package, version, *_ in table(shown)} == tested


def test_document_options_are_in_readme():
    """README shows the command that prints a document, with each of its options."""
    shown = section(README, "A custom connector, and tools for agents")
    assert options_of("connector.contract") - {"--help"} <= set(re.findall(r"--[a-z-]+", shown))


def test_emulator_options_are_in_readme():
    """README's table has every option of python -m emulator, and no other."""
    rows = table(section(README, "Emulator"))
    assert {option.split()[0] for option, _ in rows} == options_of("emulator")


def test_session_pool_options_are_in_its_page():
    """The page on the session pool has every option of python -m emulator.session_pool, and no other."""
    rows = table(section(POOL_PAGE, "Run it alone"))
    assert {option.split()[0] for option, _ in rows} == options_of("emulator.session_pool")


def test_deployment_options_are_in_their_page():
    """docs/deploy.md has every variable that azd fills a parameter from, with its default, and no other."""
    values = re.findall(r"\$\{(\w+)=([^}]*)\}", (ROOT / "infra" / "main.parameters.json").read_text(encoding="utf-8"))
    shown = table(section(DEPLOY_PAGE, "Options"))
    assert [(name, default) for name, default, _ in shown] == [(name, default or "none") for name, default in values]


def test_the_page_on_deployment_names_every_make_target_that_is_there():
    """What docs/deploy.md and the workflow for forks tell make to do, make can do."""
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    workflow = (ROOT / ".github" / "workflows" / "connector.yml").read_text(encoding="utf-8")
    told = re.findall(r"(?:^|`|run: )make ([a-z-]+)", DEPLOY_PAGE + workflow, re.MULTILINE)
    assert told and set(told) <= targets


def test_costs_add_up():
    """Each sum in docs/deploy.md is what stands above it, and each product is right."""
    columns = list(zip(*table(section(DEPLOY_PAGE, "Cost").split("The loads assume", 1)[1]), strict=True))[1:]
    for column in columns:
        amounts = []
        for cell in column[1:-1]:
            formula, _, amount = cell.replace("−", "-").replace("×", "*").replace(",", "").partition(" = ")
            if amount:
                assert float(amount) == pytest.approx(eval(formula), abs=0.005), cell
            amounts.append(float(amount or (cell if re.fullmatch(r"[\d.]+", cell) else 0)))
        assert float(column[-1].strip("*").replace(",", "")) == pytest.approx(sum(amounts), abs=0.005)


@pytest.mark.parametrize(
    "page",
    [
        "README.md",
        "CONTRIBUTING.md",
        "CHANGELOG.md",
        "docs/api.md",
        "docs/deploy.md",
        "docs/session-pool-emulator.md",
        "docs/isolation.md",
        "examples/logic_apps/agent_workflow/README.md",
        "examples/rest/README.md",
        "power-platform/readme.md",
    ],
)
def test_links_lead_somewhere(page):
    """A link to a file of the repository, or to a heading of the same page, leads to one."""
    text = (ROOT / page).read_text(encoding="utf-8")
    titles = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    anchors = {re.sub(r"[^\w -]", "", title).lower().replace(" ", "-") for title in titles}
    for target in re.findall(r"\]\(([^)]+)\)", text):
        if target.startswith("#"):
            assert target[1:] in anchors, target
        elif "://" not in target:
            assert (ROOT / page).parent.joinpath(target.partition("#")[0]).exists(), target

"""README and docs state what the code does: their tables, options and links are compared with it.

Their commands are run by `tests/test_tours.py`.
"""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from connector.contract.agents import agents_document
from connector.settings import SETTINGS
from tests.markdown import address_of, anchors, calls, links, section, steps, table

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted(
    str(page.relative_to(ROOT))
    for pattern in (
        "*.md",
        "benchmarks/*.md",
        "docs/**/*.md",
        "emulator/**/*.md",
        "examples/**/*.md",
        "power-platform/*.md",
        "workflow_player/*.md",
    )
    for page in ROOT.glob(pattern)
)
DOCUMENT = yaml.safe_load((ROOT / "openapi.yaml").read_text(encoding="utf-8"))
OPERATIONS = [
    (operation["operationId"], method.upper(), path)
    for path, item in DOCUMENT["paths"].items()
    for method, operation in item.items()
    if method != "parameters"
]


def page(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


README, TOUR = page("README.md"), page("docs/tour.md")


def options_of(module: str) -> set[str]:
    """The options in a program's --help."""
    shown = subprocess.run(
        [sys.executable, "-m", module, "--help"], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60
    )
    return set(re.findall(r"--[a-z][a-z-]+", shown.stdout))


def test_readme_is_short():
    """README has at most 200 lines."""
    assert len(README.splitlines()) <= 200


def test_readme_states_on_its_first_screen_that_nothing_has_run_on_azure():
    """The sentence comes before the first section, with a link to what was run."""
    introduction = README.split("\n## ", 1)[0]
    assert "Nothing here has run on real Azure" in introduction
    assert "docs/verification.md" in links(introduction)


def test_readme_leads_to_every_page():
    """Each page of docs/ is linked from README, and of its folders the page that leads to the others."""
    pages = {name for name in PAGES if re.fullmatch(r"docs/([^/]+|[^/]+/README)\.md", name)}
    assert pages - {"docs/recipes/data/README.md"} <= set(links(README))
    assert "docs/recipes/README.md" in pages


def test_settings_table():
    """docs/settings.md lists every setting with its name, default and sentence, and no other."""
    assert table(section(page("docs/settings.md"), "Settings")) == [
        (setting.name, setting.default or "none", setting.sentence) for setting in SETTINGS
    ]


@pytest.mark.parametrize("operation_id", [operation_id for operation_id, _, _ in OPERATIONS])
def test_operation_is_named_in_the_tour(operation_id):
    """docs/tour.md names every operation by its operationId."""
    assert f"`{operation_id}`" in TOUR


@pytest.mark.parametrize(("operation_id", "method", "path"), OPERATIONS, ids=[name for name, _, _ in OPERATIONS])
def test_operation_is_called_in_the_tour(operation_id, method, path):
    """docs/tour.md calls every operation."""
    called = calls("".join(step.commands for step in steps(TOUR)))
    assert [call for call in called if call[0] == method and address_of(path).fullmatch(call[1])]


@pytest.mark.parametrize("name", ["README.md", "docs/tour.md"])
def test_calls_are_in_the_contract(name):
    """Every call of README and the tour is an operation of openapi.yaml."""
    addresses = [(method, address_of(path)) for _, method, path in OPERATIONS]
    for call in calls("".join(step.commands for step in steps(page(name)))):
        assert any(call[0] == method and address.fullmatch(call[1]) for method, address in addresses), call


def test_readme_makes_six_calls():
    """README's tour has six calls, each in a separate block."""
    blocks = [calls(step.commands) for step in steps(section(README, "Six calls"))]
    assert [len(block) for block in blocks if block] == [1] * 6


def test_tour_lists_the_operations_that_become_tools():
    """The tour's last response lists the operations of the agents' document, in its order."""
    paths = agents_document(DOCUMENT)["paths"]
    assert steps(TOUR)[-1].shown.split() == [entry["operationId"] for item in paths.values() for entry in item.values()]


def test_importers_are_listed():
    """docs/agents.md lists each package whose tests call every operation, with the version that they run with."""
    tested = {}
    for module in (ROOT / "tests" / "clients").glob("*/test_*.py"):
        text = module.read_text(encoding="utf-8")
        if "(EveryOperation)" in text:
            package = text.removeprefix('"""').partition(":")[0]
            pins = (module.parent / "requirements.txt").read_text(encoding="utf-8")
            tested[package] = re.findall(rf"^{package}==(.*)$", pins, re.MULTILINE)
    assert tested
    rows = table(section(page("docs/agents.md"), "Other importers of OpenAPI"))
    assert {package: [version] for package, version, *_ in rows} == tested


def test_document_options_are_listed():
    """docs/custom-connector.md shows the command that prints a document, with each of its options."""
    shown = page("docs/custom-connector.md")
    assert options_of("connector.contract") - {"--help"} <= set(re.findall(r"--[a-z-]+", shown))


def test_emulator_options_are_listed():
    """docs/settings.md has every option of python -m emulator, and no other."""
    rows = table(section(page("docs/settings.md"), "Options of `make run`"))
    assert {option.split()[0] for option, _ in rows} == options_of("emulator")


def test_session_pool_options_are_listed():
    """docs/session-pool-emulator.md has every option of python -m emulator.session_pool, and no other."""
    rows = table(section(page("docs/session-pool-emulator.md"), "Run it alone"))
    assert {option.split()[0] for option, _ in rows} == options_of("emulator.session_pool")


def test_deployment_options_are_listed():
    """docs/deploy.md has every variable that azd fills a parameter from, with its default, and no other."""
    values = re.findall(r"\$\{(\w+)=([^}]*)\}", page("infra/main.parameters.json"))
    shown = table(section(page("docs/deploy.md"), "Options"))
    assert [(name, default) for name, default, _ in shown] == [(name, default or "none") for name, default in values]


@pytest.mark.parametrize("name", [*PAGES, ".github/workflows/connector.yml"])
def test_make_targets_exist(name):
    """Every make target that a page or the workflow for forks names is in the Makefile."""
    targets = set(re.findall(r"^([a-z-]+):", page("Makefile"), re.MULTILINE))
    text = page(name)
    named = re.findall(r"(?:`|run: )make ([a-z-]+)", text)
    for block in re.findall(r"^```\w*\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
        named += re.findall(r"^make ([a-z-]+)", block, re.MULTILINE)
    assert {target for target in named if not target.startswith("test-client-")} <= targets
    assert named or name not in ("README.md", "docs/deploy.md", ".github/workflows/connector.yml")


@pytest.mark.parametrize("name", PAGES)
def test_named_tests_and_benchmarks_exist(name):
    """Every test, test module and benchmark that a page names exists."""
    modules = [path.relative_to(ROOT) for path in (ROOT / "tests").rglob("*.py")]
    defined = {path.name for path in modules}
    defined |= set(re.findall(r"def (test_\w+)", "".join(page(str(path)) for path in modules)))
    code = " ".join(re.findall(r"`[^`\n]+`", page(name)))
    named = set(re.findall(r"(?<![\w/])test_\w+\w(?:\.py)?(?![\w/])", code)) - {"test_upload_file_"}
    assert named <= defined
    paths = {f"{path.replace('.', '/')}.py" for path in re.findall(r"-m (benchmarks\.\w+)", page(name))}
    paths |= set(re.findall(r"(?<![\w/])(?:tests|benchmarks)/[\w/.]*\w", code))
    assert [path for path in paths if not (ROOT / path).exists()] == []


@pytest.mark.parametrize("name", PAGES)
def test_links_resolve(name):
    """A link to a file of the repository, or to a heading of one of its pages, has a target."""
    text = re.sub(r"^```.*?^```$", "", page(name), flags=re.MULTILINE | re.DOTALL)
    for target in links(text):
        if "://" in target:
            continue
        path, _, anchor = target.partition("#")
        file = (ROOT / name).parent.joinpath(path) if path else ROOT / name
        assert file.exists(), target
        assert not anchor or anchor in anchors(file.read_text(encoding="utf-8")), target

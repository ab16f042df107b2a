"""The examples for agents are short, listed, and start as their docstrings say. tests/clients runs them."""

import ast
import re
from pathlib import Path

import pytest

from tests.markdown import links, table

ROOT = Path(__file__).resolve().parents[2]
AGENTS = ROOT / "examples" / "agents"
NAMES = sorted(path.name for path in AGENTS.glob("*.py"))
README = (AGENTS / "README.md").read_text(encoding="utf-8")
TESTS = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests" / "clients").glob("*/test_*.py"))
PINNED = {
    re.split(r"[\[=<]", line)[0]
    for path in (ROOT / "tests" / "clients").glob("*/requirements.txt")
    for line in path.read_text(encoding="utf-8").splitlines()
}


@pytest.mark.parametrize("name", NAMES)
def test_example_is_short(name):
    """At most 60 lines."""
    assert len((AGENTS / name).read_text(encoding="utf-8").splitlines()) <= 60


@pytest.mark.parametrize("name", NAMES)
def test_example_is_listed(name):
    """In docs/agents.md and in the README beside it."""
    assert f"../examples/agents/{name}" in links((ROOT / "docs" / "agents.md").read_text(encoding="utf-8"))
    assert name in links(README)


@pytest.mark.parametrize("name", NAMES)
def test_example_is_run_by_a_test(name):
    """In tests/clients, in an environment of its own."""
    assert f'"{name}"' in TESTS


@pytest.mark.parametrize("name", NAMES)
def test_docstring_states_how_to_start_the_example(name):
    """With the same packages as the README, all of which the tests pin, and with the variables that the code reads."""
    source = (AGENTS / name).read_text(encoding="utf-8")
    start = ast.get_docstring(ast.parse(source)) or ""
    (install,) = re.findall(r"pip install (.+)", start)
    (listed,) = [row for row in table(README) if f"({name})" in row[0]]
    assert listed[2] == f"pip install {install}"
    assert set(install.split()) <= PINNED
    assert f"python {name} " in start
    assert set(re.findall(r"environ(?:\.get\(|\[)[\"'](\w+)", source)) <= set(re.findall(r"[A-Z_]{5,}", start))

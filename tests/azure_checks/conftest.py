"""Fixtures: the project's compiled templates with a mistake in them, and the compiler, if one is installed."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from azure_checks.checks import findings
from azure_checks.compiled import Compiled, read_compiled
from azure_checks.compiler import Compiler, find_compiler

ROOT = Path(__file__).resolve().parents[2]
AUTOGEN = "examples/autogen_web_api"


@pytest.fixture(scope="session")
def compiled() -> Compiled:
    """main.json and the snapshots of infra/."""
    return read_compiled(ROOT / "infra")


@pytest.fixture(scope="session")
def autogen() -> Compiled:
    """The templates and the snapshots of the AutoGen web API."""
    return read_compiled(ROOT / AUTOGEN / "infra")


@pytest.fixture
def is_found(tmp_path: Path) -> Callable[[str, str, str, str], None]:
    """Replaces a text in a file of a project, and asserts that a finding reports the mistake."""

    def look(file: str, old: str, new: str, expected: str) -> None:
        project = AUTOGEN if file.startswith(AUTOGEN) else ""
        shutil.copytree(ROOT / project / "infra", tmp_path / "infra")
        shutil.copy(ROOT / project / "azure.yaml", tmp_path)
        path = tmp_path / Path(file).relative_to(project)
        text = path.read_text(encoding="utf-8")
        assert old in text, f"{file} does not contain {old!r}: adapt the test"
        path.write_text(text.replace(old, new, 1), encoding="utf-8")
        found = findings(tmp_path)
        assert any(expected in finding for finding in found), found

    return look


@pytest.fixture(scope="session")
def compiler() -> Compiler:
    """An installed compiler. Without one the test is skipped, but an error if BICEP is set."""
    found = find_compiler()
    if found is None:
        pytest.skip("no Bicep compiler is installed")
    return found

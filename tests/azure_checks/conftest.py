"""The project's templates with something changed."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from azure_checks.templates import findings

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def findings_with(tmp_path: Path) -> Callable[[str, str, str], list[str]]:
    """What is found when a text in a file of the project is another one."""
    shutil.copytree(ROOT / "infra", tmp_path / "infra")
    shutil.copy(ROOT / "azure.yaml", tmp_path)

    def changed(file: str, old: str, new: str) -> list[str]:
        path = tmp_path / file
        text = path.read_text(encoding="utf-8")
        assert old in text, f"{file} has no {old!r}: the test is to be changed with it"
        path.write_text(text.replace(old, new, 1), encoding="utf-8")
        return findings(tmp_path)

    return changed


@pytest.fixture
def is_found(findings_with: Callable[[str, str, str], list[str]]) -> Callable[[str, str, str, str], None]:
    """Puts a mistake into a file of the project, in the place of a text, and looks for the finding that tells it."""

    def look(file: str, old: str, new: str, told: str) -> None:
        found = findings_with(file, old, new)
        assert any(told in finding for finding in found), found

    return look

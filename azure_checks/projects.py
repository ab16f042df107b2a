"""The projects that azd deploys: folders with an azure.yaml, and templates in infra/."""

from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

EXAMPLES = ("examples/autogen_web_api",)
"""Beside the connector itself."""


def projects(root: Path) -> Iterator[tuple[Path, str]]:
    """Each project, and what its paths begin with in messages."""
    yield root, ""
    for folder in EXAMPLES:
        yield root / folder, f"{folder}/"

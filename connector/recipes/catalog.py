"""Reads the recipes: `recipes.yaml` has everything but their code, which is in `code/NAME.py`.

Functions that a recipe imports from `code/reading.py` are copied into its code, which is complete in a session then.
"""

import ast
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

_FOLDER = Path(__file__).parent

SCENARIOS = ("Sales and marketing", "Finance", "Operations logs", "Data exploration")
"""What recipes are for, in the order of docs/recipes/README.md."""


@dataclass(frozen=True)
class Recipe:
    """`question` is in the words of a user, and `scenario` one of SCENARIOS. `files` are those that the code reads, by
    their names in docs/recipes/data; `creates` are those that it writes to /mnt/data. `notes`, in Markdown, are how to
    adapt it to another file.
    """

    name: str
    title: str
    scenario: str
    question: str
    files: tuple[str, ...]
    creates: tuple[str, ...]
    notes: str
    python_code: str


@lru_cache(maxsize=1)
def recipes() -> tuple[Recipe, ...]:
    """All recipes, in the order of the catalog."""
    entries = yaml.safe_load((_FOLDER / "recipes.yaml").read_text(encoding="utf-8"))
    return tuple(_recipe(entry) for entry in entries)


def _recipe(entry: dict[str, Any]) -> Recipe:
    code = _complete((_FOLDER / "code" / f"{entry['name']}.py").read_text(encoding="utf-8"))
    return Recipe(
        name=entry["name"],
        title=entry["title"],
        scenario=entry["scenario"],
        question=entry["question"],
        files=tuple(entry["files"]),
        creates=tuple(entry.get("creates", ())),
        notes=entry["notes"],
        python_code=code,
    )


def _complete(code: str) -> str:
    """`code` with the functions of reading.py, and those that they call, in the place of their import."""
    return _IMPORT.sub(lambda found: _definitions(found[1].split(", ")), code)


_IMPORT = re.compile(r"^\nfrom reading import (.+)\n", re.MULTILINE)
_ABOVE = "\n# These functions read the file and check its columns. They stay as they are for another file.\n"


def _definitions(names: list[str]) -> str:
    reading = (_FOLDER / "code" / "reading.py").read_text(encoding="utf-8")
    functions = {node.name: node for node in ast.parse(reading).body if isinstance(node, ast.FunctionDef)}
    needed: set[str] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name in functions and name not in needed:
            needed.add(name)
            waiting += [node.id for node in ast.walk(functions[name]) if isinstance(node, ast.Name)]
    texts = [ast.get_source_segment(reading, node) for name, node in functions.items() if name in needed]
    return _ABOVE + "".join(f"\n\n{text}\n" for text in texts) + "\n"

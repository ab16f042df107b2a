"""The catalog of recipes, and what holds for each of them without running it."""

import ast
import re
from pathlib import Path

import pytest

from connector.recipes import catalog
from connector.recipes.catalog import SCENARIOS, recipes

CODE = Path(catalog.__file__).parent / "code"
REQUIREMENTS = Path(__file__).resolve().parents[3] / "requirements-emulator.txt"
IMPORTED_AS = {"scikit-learn": "sklearn", "pillow": "PIL"}
each_recipe = pytest.mark.parametrize("recipe", recipes(), ids=lambda recipe: recipe.name)


def test_every_file_of_code_is_a_recipe():
    """Each file in code/ but reading.py has one entry in recipes.yaml, and each entry a file."""
    names = [recipe.name for recipe in recipes()]
    assert sorted([*names, "reading"]) == sorted(path.stem for path in CODE.iterdir() if path.suffix == ".py")


@each_recipe
def test_the_code_is_complete(recipe):
    """Functions of reading.py are in it; a session has no such module."""
    assert "from reading import" not in recipe.python_code
    defined = {node.name for node in ast.walk(ast.parse(recipe.python_code)) if isinstance(node, ast.FunctionDef)}
    for name in ("csv_format", "read", "numbers", "dates", "names", "short"):
        assert name in defined or not re.search(rf"(?<![\w.]){name}\(", recipe.python_code)


@each_recipe
def test_names_and_titles_have_one_form(recipe):
    """The name is lower_case_with_underscores, and the title in sentence case, without a period."""
    assert re.fullmatch(r"[a-z]+(_[a-z0-9]+)*", recipe.name)
    assert re.fullmatch(r"[A-Z0-9][^.?:]{5,59}", recipe.title)
    capitalized = [word for word in recipe.title.split()[1:] if re.fullmatch(r"[A-Z][a-z]+", word)]
    assert set(capitalized) <= {"Excel", "Word", "Germany", "Texas", "Europe"}
    assert recipe.scenario in SCENARIOS


@each_recipe
def test_the_question_is_one(recipe):
    """It has at most 180 characters, and ends with a question mark."""
    assert re.fullmatch(r"[A-Z].{10,178}\?", recipe.question)


@each_recipe
def test_the_notes_say_what_to_change(recipe):
    """They have two to five bullets, each of which begins with what changes, in bold; text may follow."""
    bullets = re.findall(r"^- (.*)", recipe.notes, re.MULTILINE)
    assert 2 <= len(bullets) <= 5
    assert all(bullet.startswith("**") for bullet in bullets)


@each_recipe
def test_the_code_names_its_files(recipe):
    """It reads each of `files` from /mnt/data."""
    for name in recipe.files:
        assert f'"/mnt/data/{name}"' in recipe.python_code


@each_recipe
def test_the_code_imports_what_every_session_has(recipe):
    """Only the standard library, and the packages of requirements-emulator.txt outside of `try`."""
    required = re.findall(r"^([a-z-]+)", REQUIREMENTS.read_text(encoding="utf-8"), re.MULTILINE)
    allowed = {IMPORTED_AS.get(name, name) for name in required}
    for node in ast.parse(recipe.python_code).body:
        modules = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        modules += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        for module in modules:
            top = module.split(".")[0]
            assert top in allowed or top in STANDARD_LIBRARY, module


STANDARD_LIBRARY = {
    "calendar", "collections", "csv", "datetime", "difflib", "glob", "io", "json", "math", "os", "pathlib", "re",
    "statistics", "textwrap", "time", "unicodedata", "xml", "zipfile",
}  # fmt: skip
"""What recipes may use of it: nothing that starts processes or opens connections."""

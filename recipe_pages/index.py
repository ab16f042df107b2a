"""What lists all recipes: docs/recipes/README.md by scenario, and index.json, whose entries are examples for agents."""

from pathlib import Path
from typing import Any

from connector.recipes.catalog import SCENARIOS, Recipe

from .pages import page_name
from .running import Run

Json = dict[str, Any]

MAX_ROWS = 15
"""Of a table in index.json."""

_FRAME = Path(__file__).with_name("frame.md")


def entry(recipe: Recipe, run: Run) -> Json:
    """The recipe in index.json. `table` has the first rows of the data frame on the last line."""
    return {
        "name": recipe.name,
        "title": recipe.title,
        "scenario": recipe.scenario,
        "question": recipe.question,
        "files": list(recipe.files),
        "pythonCode": recipe.python_code,
        "printedText": run.printed,
        "table": run.table[:MAX_ROWS],
        "charts": len(run.charts),
        "createdFiles": [{"fileName": name, "contentType": run.files[name].content_type} for name in recipe.creates],
        "page": page_name(recipe),
    }


def readme(recipes: tuple[Recipe, ...]) -> str:
    """docs/recipes/README.md: frame.md, with a table of the recipes of each scenario in its placeholder."""
    text = _FRAME.read_text(encoding="utf-8")
    placeholder = "<!-- recipes -->"
    assert text.count(placeholder) == 1, placeholder
    sections = [_section(scenario, [each for each in recipes if each.scenario == scenario]) for scenario in SCENARIOS]
    return text.replace(placeholder, "\n\n".join(section for section in sections if section))


def _section(scenario: str, recipes: list[Recipe]) -> str:
    if not recipes:
        return ""
    rows = [f"| {each.question} | [{each.title}]({page_name(each)}) |" for each in recipes]
    return "\n".join([f"## {scenario}", "", "| Question | Recipe |", "|---|---|", *rows])

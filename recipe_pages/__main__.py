"""python -m recipe_pages: runs recipes on the connector with the emulator, and writes their pages to docs/recipes."""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from connector.recipes.catalog import Recipe, recipes
from examples.sales_report import emulator

from .index import entry, readme
from .pages import page_name, picture_names, recipe_page
from .pictures import reduced
from .running import RecipeFailed, Run, run

FOLDER = Path(__file__).resolve().parents[1] / "docs" / "recipes"
INDEX = FOLDER / "index.json"


def main() -> int:
    """Returns 0, or 1 if a recipe failed."""
    arguments = _parser().parse_args()
    unknown = set(arguments.names) - {recipe.name for recipe in recipes()}
    if unknown:
        print(f"There is no recipe {', '.join(sorted(unknown))}.", file=sys.stderr)
        return 1
    chosen = [recipe for recipe in recipes() if not arguments.names or recipe.name in arguments.names]
    try:
        with emulator.running() as started:
            entries = {recipe.name: _write(recipe, run(recipe, started.api_url)) for recipe in chosen}
    except RecipeFailed as failure:
        print(failure, file=sys.stderr)
        return 1
    write_lists(entries)
    return 0


def write_lists(entries: dict[str, dict[str, Any]]) -> None:
    """Writes README.md and index.json, in which `entries` replace those of the same name."""
    before = json.loads(INDEX.read_text(encoding="utf-8")) if INDEX.exists() else []
    known = {each["name"]: each for each in before} | entries
    listed = [known[recipe.name] for recipe in recipes() if recipe.name in known]
    INDEX.write_text(json.dumps(listed, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    (FOLDER / "README.md").write_text(readme(recipes()), encoding="utf-8")


def _write(recipe: Recipe, made: Run) -> dict[str, Any]:
    (FOLDER / page_name(recipe)).write_text(recipe_page(recipe, made), encoding="utf-8")
    for name, picture in picture_names(recipe, made).items():
        (FOLDER / "images" / name).write_bytes(reduced(picture))
    print(f"wrote {FOLDER / page_name(recipe)}")
    return entry(recipe, made)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m recipe_pages", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="the recipes to run (default: all)")
    return parser


if __name__ == "__main__":
    sys.exit(main())

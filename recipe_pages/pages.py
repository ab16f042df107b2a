"""The page of a recipe: the question, what its run returned, the code, how to adapt it, and where the data is from."""

import textwrap

from connector.recipes.catalog import Recipe

from .running import Run
from .tables import markdown_table

_KINDS = {
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "an Excel workbook",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "a Word document",
    "application/pdf": "a PDF",
    "application/json": "JSON",
    "application/zip": "a ZIP archive",
    "text/csv": "a CSV file",
    "text/html": "a web page",
    "image/png": "a picture",
}


def picture_names(recipe: Recipe, run: Run) -> dict[str, bytes]:
    """The pictures of the page by their names in images/: the charts, then the pictures that the code saved."""
    pictures = [*run.charts, *(file.content for file in run.files.values() if file.content_type == "image/png")]
    return {f"{recipe.name}{f'-{number}' if number > 1 else ''}.png": each for number, each in enumerate(pictures, 1)}


def recipe_page(recipe: Recipe, run: Run) -> str:
    """The text of docs/recipes/NAME.md."""
    parts = [
        f"# {recipe.title}",
        f"> {recipe.question}",
        *([_printed(run.printed)] if run.printed else []),
        *(f"![{recipe.title}](images/{name})" for name in picture_names(recipe, run)),
        *([markdown_table(run.table)] if run.table else []),
        *_created(recipe, run),
        "## The code",
        _how_to_run(recipe),
        f"```python\n{recipe.python_code.strip()}\n```",
        "## Change it",
        recipe.notes.strip(),
        "## The data",
        _data(recipe),
        "[All recipes](README.md)",
    ]
    return "\n\n".join(parts) + "\n"


def page_name(recipe: Recipe) -> str:
    return f"{recipe.name}.md"


def _printed(text: str) -> str:
    return f"The code prints:\n\n```text\n{text.rstrip()}\n```"


def _created(recipe: Recipe, run: Run) -> list[str]:
    if not recipe.creates:
        return []
    lines = [
        f"- `{name}`, {_KINDS.get(run.files[name].content_type, run.files[name].content_type)}"
        for name in recipe.creates
    ]
    return ["\n".join(["It writes to `/mnt/data`:", "", *lines])]


def _how_to_run(recipe: Recipe) -> str:
    if not recipe.files:
        return "Send it to `ExecutePythonCode`."
    names = " and ".join(f"`{name}`" for name in recipe.files)
    they_are, yours = ("it is", "a file") if len(recipe.files) == 1 else ("they are", "files")
    text = (
        f"Upload {names} with `UploadFile`, then send the code to `ExecutePythonCode` with the same session ID: "
        f"{they_are} in `/mnt/data` then. With {yours} of your own, change the names at the top."
    )
    return "\n".join(textwrap.wrap(text, 120, break_long_words=False, break_on_hyphens=False))


def _data(recipe: Recipe) -> str:
    if not recipe.files:
        return "The code reads no file."
    lines = [f"- [{name}](data/{name}): [source and license](data/README.md#{_anchor(name)})" for name in recipe.files]
    return "\n".join(lines)


def _anchor(file_name: str) -> str:
    """The anchor of the heading with the file's name, as GitHub makes it."""
    return "".join(letter for letter in file_name.lower() if letter.isalnum() or letter in "_-")

"""The page as a whole: frame.md, with the operations, the errors and the examples where it has a place for them."""

from pathlib import Path
from typing import Any

import yaml

from .error_codes import error_rows, shared_error_rows
from .members import table
from .operations import example_lines, operation_lines, operations

Json = dict[str, Any]

PAGE_PATH = Path(__file__).resolve().parent.parent / "docs" / "api.md"
FOLDER = Path(__file__).resolve().parent


def read_examples() -> dict[str, list[Json]]:
    """By operationId, and under `Errors` an error: what stands before it, the request, the status and the answer."""
    examples: dict[str, list[Json]] = yaml.safe_load((FOLDER / "examples.yaml").read_text(encoding="utf-8"))
    return examples


def api_page(source: Json) -> str:
    """The page for `source`, which is openapi.yaml as `contract.read_document` returns it."""
    examples = read_examples()
    found = operations(source)
    places = {
        "overview": table(
            ("Operation", "Request", "What it does"),
            [
                (f"[{each.name}](#{each.name.lower()})", f"`{each.method} {each.path}`", each.entry["summary"])
                for each in found
            ],
        ),
        "operations": operation_lines(found, source, examples),
        "error example": example_lines(examples["Errors"]),
        "shared errors": table(("Status", "Code"), shared_error_rows(source)),
        "errors": table(("Code", "Status", "Meaning", "What to do"), error_rows()),
    }
    text = (FOLDER / "frame.md").read_text(encoding="utf-8")
    for place, lines in places.items():
        mark = f"<!-- {place} -->"
        assert text.count(mark) == 1, mark
        text = text.replace(mark, "\n".join(lines).strip("\n"))
    return text

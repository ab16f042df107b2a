"""The complete page: frame.md, with the operations, errors and examples in its placeholders."""

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
    """The examples by operationId, and an error under `Errors`: each has `intro`, `request`, `status`, `response`."""
    examples: dict[str, list[Json]] = yaml.safe_load((FOLDER / "examples.yaml").read_text(encoding="utf-8"))
    return examples


def api_page(source: Json) -> str:
    """The page for `source`, which is openapi.yaml as `validation.read_document` returns it."""
    examples = read_examples()
    found = operations(source)
    sections = {
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
    for name, lines in sections.items():
        placeholder = f"<!-- {name} -->"
        assert text.count(placeholder) == 1, placeholder
        text = text.replace(placeholder, "\n".join(lines).strip("\n"))
    return text

"""Actions on data: Compose, Parse JSON, Select, Filter array, Create CSV or HTML table, Join.

Sources: Azure Logic Apps, "Perform data operations"; the texts of tables are as tests of tomdam/flowforger have
measured them in Power Automate.
"""

import csv
import html
import io
import json
from typing import Any

from jsonschema import Draft4Validator

from workflow_player.actions.interface import Handler, Step
from workflow_player.content import bytes_of, is_content, text_of
from workflow_player.errors import ActionFailed, FlowError, TemplateError
from workflow_player.functions.logic import boolean
from workflow_player.state import Frame
from workflow_player.workflow_data import Evaluator


def compose(step: Step) -> Any:
    return step.evaluated_inputs()


def parse_json(step: Step) -> Any:
    """The value of a JSON text, which has to be as the schema says."""
    content = step.evaluator.value(step.inputs["content"])
    schema = step.inputs.get("schema")
    step.result.inputs = {"content": content, "schema": schema}
    if isinstance(content, str) or is_content(content):
        try:
            content = json.loads(bytes_of(content).decode("utf-8-sig"))
        except ValueError as error:
            raise TemplateError(f"the content is not valid JSON: {error}") from None
    if content is None:
        raise TemplateError("the content is null; ParseJson needs JSON")
    if schema:
        mistake = next(iter(Draft4Validator(schema).iter_errors(content)), None)
        if mistake:
            place = "/".join(map(str, mistake.absolute_path)) or "the content"
            raise ActionFailed("SchemaValidationFailed", f"{place}: {mistake.message}")
    return {"body": content}


def select(step: Step) -> Any:
    """An array with something made of each item."""
    items = _items(step)
    return {"body": [_with_item(step, item, index).value(step.inputs["select"]) for index, item in enumerate(items)]}


def query(step: Step) -> Any:
    """The items that meet a condition."""
    where = step.inputs["where"]
    kept = [
        item
        for index, item in enumerate(_items(step))
        if boolean(_with_item(step, item, index).value(where), "Filter array")
    ]
    return {"body": kept}


def join(step: Step) -> Any:
    items = _items(step)
    separator = step.evaluator.value(step.inputs["joinWith"])
    return {"body": text_of(separator).join(text_of(item) for item in items)}


def table(step: Step) -> Any:
    """CSV or HTML. Without columns, these are the members of all items, in the order in which they appear."""
    items = _items(step)
    kind = str(step.inputs.get("format", "")).upper()
    if kind not in ("CSV", "HTML"):
        raise FlowError(f"a table has the format CSV or HTML, not {step.inputs.get('format')!r}")
    columns = step.inputs.get("columns")
    rows: list[list[str]]
    if columns:
        header = [text_of(step.evaluator.value(column.get("header", ""))) for column in columns]
        evaluators = [_with_item(step, item, index) for index, item in enumerate(items)]
        rows = [[text_of(found.value(column["value"])) for column in columns] for found in evaluators]
    else:
        if not all(isinstance(item, dict) for item in items):
            raise TemplateError("a table without columns is made of objects")
        header = list(dict.fromkeys(name for item in items for name in item))
        rows = [[text_of(item.get(name)) for name in header] for item in items]
    return {"body": _csv(header, rows) if kind == "CSV" else _html(header, rows)}


def _csv(header: list[str], rows: list[list[str]]) -> str:
    if not header:
        return ""
    written = io.StringIO()
    csv.writer(written, lineterminator="\r\n").writerows([header, *rows])
    return written.getvalue()


def _html(header: list[str], rows: list[list[str]]) -> str:
    def row(cells: list[str], tag: str) -> str:
        return "<tr>" + "".join(f"<{tag}>{_escaped(cell)}</{tag}>" for cell in cells) + "</tr>"

    body = "".join(row(cells, "td") for cells in rows)
    head = f"<thead>{row(header, 'th')}</thead>" if header else ""
    return f"<table>{head}<tbody>{body}</tbody></table>"


def _escaped(cell: str) -> str:
    """As .NET escapes text in HTML: also letters of Latin-1, and what is outside of the first plane of Unicode."""
    escaped = html.escape(cell).replace("&#x27;", "&#39;")
    return "".join(
        f"&#{ord(character)};" if "\u00a0" <= character <= "\u00ff" or character > "\uffff" else character
        for character in escaped
    )


def _items(step: Step) -> list[Any]:
    items = step.evaluator.value(step.inputs["from"])
    step.result.inputs = {**step.inputs, "from": items}
    if not isinstance(items, list):
        raise TemplateError(f"'from' is an array, not {items!r}")
    return items


def _with_item(step: Step, item: Any, index: int) -> Evaluator:
    return Evaluator(Frame(step.frame.run, step.frame, item=item, index=index, has_item=True))


DATA_OPERATIONS: dict[str, Handler] = {
    "Compose": compose,
    "Join": join,
    "ParseJson": parse_json,
    "Query": query,
    "Select": select,
    "Table": table,
}

"""Compose, Parse JSON, Select, Filter array, Create table and Join, as in "Perform data operations" of Logic Apps."""

from typing import Any

import pytest

from tests.workflow_player.flows import play

ROWS = [{"name": "Ada", "sum": 1.5}, {"name": 'B "b", c', "sum": None, "more": True}]


def made(kind: str, inputs: Any, body: Any = None) -> Any:
    result = play({"Step": {"type": kind, "inputs": inputs}}, body).actions["Step"]
    return result.outputs["body"] if result.status == "Succeeded" else result.error


def test_select():
    """An object, or one value, of each item."""
    assert made("Select", {"from": "@triggerBody()", "select": {"who": "@item()['name']", "n": 1}}, ROWS) == [
        {"who": "Ada", "n": 1},
        {"who": 'B "b", c', "n": 1},
    ]
    assert made("Select", {"from": "@range(1, 2)", "select": "@mul(item(), 2)"}) == [2, 4]


def test_filter():
    """The items for which the condition is true."""
    assert made("Query", {"from": "@triggerBody()", "where": "@greater(item()?['sum'], 1)"}, ROWS[:1]) == ROWS[:1]
    assert made("Query", {"from": "@range(1, 4)", "where": "@equals(mod(item(), 2), 0)"}) == [2, 4]


def test_join():
    """Items as text."""
    assert made("Join", {"from": "@createArray(1, true, 'a')", "joinWith": "; "}) == "1; True; a"


def test_csv_table():
    """Quoted where needed, with the members of all items as columns."""
    expected = 'name,sum,more\r\nAda,1.5,\r\n"B ""b"", c",,True\r\n'
    assert made("Table", {"from": "@triggerBody()", "format": "CSV"}, ROWS) == expected
    columns = [{"header": "Who", "value": "@toUpper(item()?['name'])"}]
    assert (
        made("Table", {"from": "@take(triggerBody(), 1)", "format": "CSV", "columns": columns}, ROWS)
        == "Who\r\nADA\r\n"
    )


def test_html_table():
    """With characters escaped, as .NET does it; without rows, there are no columns."""
    assert made("Table", {"from": "@triggerBody()", "format": "HTML"}, []) == "<table><tbody></tbody></table>"
    assert "<td>&#228;€&#39;</td>" in made("Table", {"from": "@triggerBody()", "format": "HTML"}, [{"a": "ä€'"}])
    table = made("Table", {"from": "@triggerBody()", "format": "HTML"}, [{"a": "<b>"}])
    assert table == "<table><thead><tr><th>a</th></tr></thead><tbody><tr><td>&lt;b&gt;</td></tr></tbody></table>"


SCHEMA = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}


@pytest.mark.parametrize(
    "content", ['{"n": 1}', {"n": 1}, {"$content-type": "application/json", "$content": "eyJuIjogMX0="}]
)
def test_parse_json(content):
    """A text, a value, or the content of a file."""
    assert made("ParseJson", {"content": "@triggerBody()", "schema": SCHEMA}, content) == {"n": 1}


@pytest.mark.parametrize(
    ("content", "code"), [({"n": "1"}, "SchemaValidationFailed"), ("{", "InvalidTemplate"), (None, "InvalidTemplate")]
)
def test_json_that_is_not_as_the_schema_says(content, code):
    """It fails the action."""
    assert made("ParseJson", {"content": "@triggerBody()", "schema": SCHEMA}, content)["code"] == code


@pytest.mark.parametrize("kind", ["Select", "Query", "Table", "Join"])
def test_what_is_no_array(kind):
    """It fails the action."""
    inputs = {"from": "@triggerBody()", "select": 1, "where": "@true", "format": "CSV", "joinWith": ","}
    assert made(kind, inputs)["code"] == "InvalidTemplate"

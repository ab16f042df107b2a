"""The cards in themselves; tests/clients/m365_copilot fills them with Microsoft's template engine."""

import json
import re

import pytest

from connector.contract.documents import Documents
from connector.contract.validation import read_document
from copilot_agent.document import FUNCTIONS, operations, plugin_document
from copilot_agent.plugin import CARDS, plugin

WORDS = {"if", "exists", "length", "concat", "substring", "lastIndexOf", "replace", "trim", "count", "where"}
WORDS |= {"startsWith", "string", "formatNumber", "mul", "formatDateTime", "output", "true"}
"""Functions and constants of the expressions, and the variable of `where`."""

DOCUMENT = plugin_document(Documents(read_document()).agents("https://app.example/api"), "links")


def names_in(schema):
    """All properties of a schema, at any depth."""
    if isinstance(schema, list):
        return {name for item in schema for name in names_in(item)}
    if not isinstance(schema, dict):
        return set()
    if "$ref" in schema:
        _, _, kind, name = schema["$ref"].split("/")
        return names_in(DOCUMENT["components"][kind][name])
    own = set(schema["properties"]) if isinstance(schema.get("properties"), dict) else set()
    return own | {name for value in schema.values() for name in names_in(value)}


def nodes(value):
    if isinstance(value, dict):
        yield value
    for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from nodes(item)


FUNCTIONS_WITH_CARDS = [
    (function["name"], function["capabilities"]["response_semantics"]["static_template"])
    for function in plugin(DOCUMENT, "id")["functions"]
    if "response_semantics" in function["capabilities"]
]


@pytest.mark.parametrize(("function", "card"), FUNCTIONS_WITH_CARDS, ids=[name for name, _ in FUNCTIONS_WITH_CARDS])
def test_a_card_shows_what_the_response_has(function, card):
    """Each name in its expressions is a property of the responses of the operation, or of an error."""
    texts = [text for node in nodes(card) for text in node.values() if isinstance(text, str)]
    expressions = [found for text in texts for found in re.findall(r"\$\{(.*?)\}", text)]
    used = {
        name
        for expression in expressions
        for name in re.findall(r"(?<![$\w])[A-Za-z]\w*", re.sub(r"'[^']*'", "", expression))
    }
    assert used - WORDS - names_in(operations(DOCUMENT)[function]["responses"]) == set()
    assert used & names_in(operations(DOCUMENT)[function]["responses"])


@pytest.mark.parametrize("path", sorted(CARDS.iterdir()), ids=lambda path: path.stem)
def test_cards_use_what_copilot_supports(path):
    """No actions, which its known issues exclude; one column; texts that wrap; no content of files, and no ID."""
    card = json.loads(path.read_text(encoding="utf-8"))
    types = {node["type"] for node in nodes(card) if "type" in node}
    assert types <= {"AdaptiveCard", "TextBlock", "RichTextBlock", "TextRun", "Container", "Image"}
    assert card["version"] == "1.5" and "actions" not in card
    text = path.read_text(encoding="utf-8")
    assert not re.search(r"selectAction|sessionId|executionId|fileContent|\.content\b|N/A", text)
    for node in nodes(card):
        if node.get("type") == "TextBlock" and len(re.sub(r"\$\{.*\}", "", node["text"])) > 25:
            assert node["wrap"]


def test_every_card_is_used():
    """Of the functions with content, some share one."""
    used = [card for _, card in FUNCTIONS_WITH_CARDS]
    assert all(json.loads(path.read_text(encoding="utf-8")) in used for path in CARDS.iterdir())
    assert {name for name, _ in FUNCTIONS_WITH_CARDS} == set(FUNCTIONS) - {"DeleteFile", "EndSession"}

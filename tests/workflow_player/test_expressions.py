"""Expressions become the values that Microsoft's reference of the workflow language gives them."""

import pytest

from tests.workflow_player.flows import mistake_of, value_of
from workflow_player.errors import FlowError
from workflow_player.expressions import parse

BODY = {
    "Name": "Ada",
    "empty": None,
    "list": [{"id": 1}, {"id": 2}],
    "body/x": "exact",
    "deep": {"value": [1, 2]},
    "{Identifier}": "i",
}


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("@'it''s'", "it's"),
        ("@-1.5", -1.5),
        ("@12", 12),
        ("@true", True),
        ("@null", None),
        ("@triggerBody()['Name']", "Ada"),
        ("@triggerBody().Name", "Ada"),
        ("@triggerBody()?.Name", "Ada"),
        ("@triggerBody()?['missing']?['more']", None),
        ("@triggerBody()?['empty']?['more']", None),
        ("@triggerBody()?['list']?[1]?['id']", 2),
        ("@triggerBody()['list'][add(0, 1)].id", 2),
        ("@triggerBody()?['list']?[7]", None),
        ("@first(triggerBody()['list'])['id']", 1),
        ("@concat('a', concat('b', 'c'))", "abc"),
        ("@CONCAT( 'a' , 'b' )", "ab"),
    ],
)
def test_values(expression, value):
    """Literals, calls, members and indexes."""
    assert value_of(expression, BODY) == value


def test_members_are_found_in_any_case():
    """The name with the same case comes first."""
    assert value_of("@triggerBody()?['NAME']", BODY) == "Ada"
    assert value_of("@triggerBody()?['a']", {"A": 1, "a": 2}) == 2


def test_slashes_separate_names_of_members():
    """As in `outputs('Get')?['body/value']` of cloud flows; a member of that whole name comes first."""
    assert value_of("@triggerOutputs()?['body/deep/value']", BODY) == [1, 2]
    assert value_of("@triggerBody()?['body/x']", BODY) == "exact"
    assert value_of("@triggerOutputs()?['body/{Identifier}']", BODY) == "i"
    assert value_of("@triggerOutputs()?['body/missing/x']", BODY) is None


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("@triggerBody()['missing']", "there is no member 'missing'; there are: Name"),
        ("@triggerBody()['empty']['x']", "null"),
        ("@triggerBody()?['Name']?['x']", "text"),
        ("@triggerBody()['list'][2]", "outside of an array of 2 items"),
        ("@triggerBody()['list']?['x']", "index"),
    ],
)
def test_what_cannot_be_selected(expression, words):
    """It fails the action with InvalidTemplate, and the message says what there is."""
    assert words in mistake_of(expression, BODY)


@pytest.mark.parametrize(
    "text", ["", "concat('a'", "concat('a',)", "'open", "a b", "concat 'a'", "body('x')[", "1 + 1", "body('x')?'a'"]
)
def test_what_is_no_expression(text):
    """It fails the play: no designer would save it."""
    with pytest.raises(FlowError):
        parse(text)

"""The stand-in of Approvals answers at once, as it is told to."""

import pytest

from tests.workflow_player.services.connected import by_id
from workflow_player.errors import FlowError
from workflow_player.services.approvals import Approvals

PARAMETERS = {
    "approvalType": "Basic",
    "WebhookApprovalCreationInput/title": "Expenses",
    "WebhookApprovalCreationInput/assignedTo": "a@b.example;c@d.example",
    "WebhookApprovalCreationInput/details": "**3** entries",
}


@pytest.mark.parametrize(
    ("kind", "outcome", "answers"), [("Basic", "Reject", 1), ("BasicAwaitAll", "Reject, Reject", 2)]
)
def test_outcome(kind, outcome, answers):
    """Of the first to answer, or of all."""
    approvals = Approvals("Reject", "too much")
    body = by_id(approvals, "StartAndWaitForAnApproval", {**PARAMETERS, "approvalType": kind}, webhook=True).outputs[
        "body"
    ]
    assert (body["outcome"], len(body["responses"])) == (outcome, answers)
    assert body["responses"][0]["comments"] == "too much"
    assert (approvals.approvals[0].title, approvals.approvals[0].outcome) == ("Expenses", "Reject")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"approvalType": "Advanced"}, "types Basic and BasicAwaitAll"),
        ({"WebhookApprovalCreationInput/title": None}, "needs title"),
        ({"WebhookApprovalCreationInput/subject": "x"}, "no member subject"),
        ({"ApprovalCreationInput/title": "x"}, "no parameter ApprovalCreationInput/title"),
    ],
)
def test_mistakes(change, words):
    """They fail the play."""
    with pytest.raises(FlowError, match=words):
        by_id(Approvals(), "StartAndWaitForAnApproval", {**PARAMETERS, **change}, webhook=True)


def test_an_action_that_does_not_wait():
    """Its type has Webhook."""
    with pytest.raises(FlowError, match="Webhook"):
        by_id(Approvals(), "StartAndWaitForAnApproval", PARAMETERS)


def test_nobody_answers():
    """The action times out at its limit."""
    limit = {"limit": {"timeout": "P1D"}}
    result = by_id(Approvals(None), "StartAndWaitForAnApproval", PARAMETERS, webhook=True, **limit)
    assert result.status == "TimedOut" and result.seconds >= 86400

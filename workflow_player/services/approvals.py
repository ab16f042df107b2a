"""Stand-in for Approvals of Power Automate: "Start and wait for an approval", answered at once.

Source: Microsoft's reference of the connector Approvals (Standard approvals), and exported cloud flows: the parameters
are approvalType and members of WebhookApprovalCreationInput; the body has outcome and responses. Answers to Basic and
BasicAwaitAll are Approve and Reject, in this spelling. Flows name the operation by its ID; its path here is made up.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from workflow_player.errors import FlowError
from workflow_player.messages import NobodyAnswers, Response
from workflow_player.services.operations import Operation
from workflow_player.services.stand_ins import Call, Json, StandIn, answer, body, members, query

TYPES = ("Basic", "BasicAwaitAll")


@dataclass(frozen=True)
class Approval:
    """What was asked of whom, and what was answered."""

    title: str
    assigned_to: str
    details: str
    outcome: str
    comments: str


Decision = str | Callable[[Json], str] | None


class Approvals(StandIn):
    """`decision` is Approve or Reject, or a function that says which for the parameters of an approval; None if nobody
    answers.
    """

    def __init__(self, decision: Decision = "Approve", comments: str = "") -> None:
        self.approvals: list[Approval] = []
        self._decision = decision
        self._comments = comments
        wanted = members(
            "title assignedTo",
            "details itemLink itemLinkDescription requestor enableNotifications enableReassignment attachments",
        )
        super().__init__(
            "approvals",
            {
                Operation(
                    "StartAndWaitForAnApproval",
                    "POST",
                    "/types/approvals/start",
                    (query("approvalType", required=True), body("WebhookApprovalCreationInput", wanted)),
                    webhook=True,
                ): self._decide
            },
        )

    def _decide(self, call: Call) -> Response:
        if call.query["approvalType"] not in TYPES:
            raise FlowError(f"the player knows approvals of the types {' and '.join(TYPES)}")
        asked: Json = call.body
        if self._decision is None:
            raise NobodyAnswers
        outcome = (self._decision if isinstance(self._decision, str) else self._decision(asked)).capitalize()
        if outcome not in ("Approve", "Reject"):
            raise FlowError(f"an approval is answered by Approve or Reject, not by {outcome}")
        people = [person.strip() for person in str(asked["assignedTo"]).split(";") if person.strip()]
        answering = people if call.query["approvalType"] == "BasicAwaitAll" else people[:1]
        self.approvals.append(
            Approval(asked["title"], asked["assignedTo"], asked.get("details", ""), outcome, self._comments)
        )
        return answer(_answered(asked, answering, outcome, self._comments))


def _answered(asked: Json, people: list[str], outcome: str, comments: str) -> dict[str, Any]:
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {
        "responses": [
            {
                "responder": {"id": "", "displayName": person, "email": person, "userPrincipalName": person},
                "requestDate": now,
                "responseDate": now,
                "approverResponse": outcome,
                "comments": comments or None,
            }
            for person in people
        ],
        "responseSummary": "\n".join(f"Approver: {person}\nResponse: {outcome}" for person in people),
        "completionDate": now,
        "outcome": ", ".join([outcome] * len(people)),
        "name": "",
        "title": asked["title"],
        "details": asked.get("details", ""),
    }

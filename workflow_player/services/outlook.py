"""Stand-in for Office 365 Outlook: keeps the mails that flows send, and answers those that ask.

Source: the generated class of Azure/logicapps-sdk for office365: `POST /v2/Mail` (SendEmailV2) with To, Subject, Body,
From, Cc, Bcc, Attachments, Sensitivity, ReplyTo and Importance; `POST /approvalmail/$subscriptions` (SendApprovalMail)
and `POST /mailwithoptions/$subscriptions` (SendMailWithOptions) with NotificationUrl and Message. An attachment has
Name and ContentBytes, which is base64. What people choose comes back as SelectedOption. Cloud flows do not give
NotificationUrl: Power Automate does.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from workflow_player.content import bytes_of, from_base64, is_content
from workflow_player.errors import FlowError, TemplateError
from workflow_player.messages import NobodyAnswers, Response
from workflow_player.services.operations import Operation
from workflow_player.services.stand_ins import Call, Json, StandIn, answer, body, error, members

_MESSAGE = members(
    "To",
    "Subject Options HeaderText SelectionText Body Importance Attachments UseOnlyHTMLMessage HideHTMLMessage "
    "ShowHTMLConfirmationDialog HideMicrosoftFooter",
)
_MAIL = members("To Subject Body", "From Cc Bcc Attachments Sensitivity ReplyTo Importance")


@dataclass(frozen=True)
class Attachment:
    name: str
    content: bytes


@dataclass(frozen=True)
class Mail:
    """`body` is HTML. `options` are what the recipient could choose from, and `chosen` what was chosen."""

    to: str
    subject: str
    body: str
    attachments: tuple[Attachment, ...] = ()
    cc: str = ""
    importance: str = "Normal"
    options: tuple[str, ...] = ()
    chosen: str | None = None


Decision = str | Callable[[Mail], str] | None


class Outlook(StandIn):
    """`decision` is what recipients of mails with options choose: an option, or a function that says which.

    None if nobody answers.
    """

    def __init__(self, decision: Decision = "Approve") -> None:
        self.mails: list[Mail] = []
        self._decision = decision
        asks = {"type": "object", "required": ["Message"], "additionalProperties": False}
        asking: Json = {**asks, "properties": {"NotificationUrl": {"type": "string"}, "Message": _MESSAGE}}
        super().__init__(
            "office365",
            {
                Operation("SendEmailV2", "POST", "/v2/Mail", (body("emailMessage", _MAIL),)): self._send,
                Operation(
                    "SendApprovalMail",
                    "POST",
                    "/approvalmail/$subscriptions",
                    (body("approvalEmailSubscription", asking),),
                    webhook=True,
                ): self._ask,
                Operation(
                    "SendMailWithOptions",
                    "POST",
                    "/mailwithoptions/$subscriptions",
                    (body("optionsEmailSubscription", asking),),
                    webhook=True,
                ): self._ask,
            },
        )

    def _send(self, call: Call) -> Response:
        try:
            self.mails.append(_mail(call.body))
        except TemplateError as mistake:
            return error(400, str(mistake))
        return Response(200)

    def _ask(self, call: Call) -> Response:
        message = call.body["Message"]
        options = tuple(option.strip() for option in message.get("Options", "Approve, Reject").split(","))
        try:
            asked = _mail(message, options)
        except TemplateError as mistake:
            return error(400, str(mistake))
        if self._decision is None:
            self.mails.append(asked)
            raise NobodyAnswers
        wanted = self._decision if isinstance(self._decision, str) else self._decision(asked)
        chosen = next((option for option in options if option.lower() == wanted.lower()), wanted)
        if chosen not in options:
            raise FlowError(f"the mail {asked.subject!r} has the options {', '.join(options)}, not {chosen}")
        self.mails.append(Mail(**{**asked.__dict__, "chosen": chosen}))
        return answer({"SelectedOption": chosen})


def _mail(message: Json, options: tuple[str, ...] = ()) -> Mail:
    return Mail(
        str(message["To"]),
        str(message.get("Subject", "")),
        str(message.get("Body", "")),
        tuple(_attachment(found) for found in message.get("Attachments") or ()),
        str(message.get("Cc", "")),
        str(message.get("Importance", "Normal")),
        options,
    )


def _attachment(found: Any) -> Attachment:
    if not isinstance(found, dict) or not {"Name", "ContentBytes"} <= found.keys():
        raise TemplateError("an attachment has Name and ContentBytes")
    content = found["ContentBytes"]
    if not is_content(content) and not isinstance(content, str):
        raise TemplateError("ContentBytes is base64, or the content of a file")
    return Attachment(str(found["Name"]), bytes_of(content) if is_content(content) else from_base64(content))

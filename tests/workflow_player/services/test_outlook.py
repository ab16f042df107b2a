"""The stand-in of Office 365 Outlook keeps mails, and answers those that ask."""

import pytest

from tests.workflow_player.services.connected import by_id, by_path
from workflow_player.errors import FlowError
from workflow_player.messages import Response
from workflow_player.services.outlook import Attachment, Outlook

FILE = {"Name": "a.txt", "ContentBytes": "aGk="}


def test_mail_of_logic_apps():
    """With attachments in base64, or as the content of a file."""
    outlook = Outlook()
    content = "@base64ToBinary('aGk=')"
    body = {
        "To": "a@b.example",
        "Subject": "S",
        "Body": "<p>B</p>",
        "Attachments": [FILE, {**FILE, "ContentBytes": content}],
    }
    assert by_path(outlook, "post", "/v2/Mail", body=body).status == "Succeeded"
    (mail,) = outlook.mails
    assert (mail.to, mail.subject, mail.body) == ("a@b.example", "S", "<p>B</p>")
    assert mail.attachments == (Attachment("a.txt", b"hi"), Attachment("a.txt", b"hi"))


def test_mail_of_power_automate():
    """Its parameters are members of emailMessage."""
    outlook = Outlook()
    parameters = {
        "emailMessage/To": "a@b.example",
        "emailMessage/Subject": "S",
        "emailMessage/Body": "B",
        "emailMessage/Attachments": [FILE],
    }
    assert by_id(outlook, "SendEmailV2", parameters).status == "Succeeded"
    assert outlook.mails[0].attachments == (Attachment("a.txt", b"hi"),)


@pytest.mark.parametrize("content", ["not base64!", None, 5])
def test_attachment_that_is_no_base64(content):
    """The action fails with a 400."""
    body = {"To": "a", "Subject": "S", "Body": "B", "Attachments": [{"Name": "x", "ContentBytes": content}]}
    assert by_path(Outlook(), "post", "/v2/Mail", body=body).code == "BadRequest"


@pytest.mark.parametrize(
    ("change", "words"),
    [({"Body": None}, "needs Body"), ({"Html": "x"}, "no member Html"), ({"From": None, "To": None}, "needs To")],
)
def test_mail_with_mistakes(change, words):
    """Members that are missing or unknown fail the play."""
    body = {"To": "a", "Subject": "S", "Body": "B", **change}
    with pytest.raises(FlowError, match=words):
        by_path(Outlook(), "post", "/v2/Mail", body={name: value for name, value in body.items() if value is not None})


ASK = {
    "NotificationUrl": "@{listCallbackUrl()}",
    "Message": {"To": "a@b.example", "Subject": "S", "Options": "Yes, No"},
}


def test_approval_mail():
    """The action returns what the recipient has chosen."""
    outlook = Outlook(lambda mail: "No" if mail.subject == "S" else "Yes")
    result = by_path(outlook, "post", "/approvalmail/$subscriptions", body=ASK, webhook=True)
    assert result.outputs["body"] == {"SelectedOption": "No"}
    assert (outlook.mails[0].options, outlook.mails[0].chosen) == (("Yes", "No"), "No")


def test_mail_with_options_of_power_automate():
    """Its parameters are members of the subscription; the address of the answer is not given. Case does not matter."""
    outlook = Outlook("later")
    message = {"To": "a@b.example", "Options": "Now, Later"}
    parameters = {f"optionsEmailSubscription/Message/{name}": value for name, value in message.items()}
    result = by_id(outlook, "SendMailWithOptions", parameters, webhook=True)
    assert result.outputs["body"] == {"SelectedOption": "Later"}


def test_approval_mail_by_another_type_of_action():
    """Only a webhook waits for an answer, and gives its address."""
    with pytest.raises(FlowError, match="Webhook"):
        by_path(Outlook("Yes"), "post", "/approvalmail/$subscriptions", body=ASK)
    with pytest.raises(FlowError, match="NotificationUrl"):
        by_path(
            Outlook("Yes"), "post", "/approvalmail/$subscriptions", body={**ASK, "NotificationUrl": "x"}, webhook=True
        )


def test_faults_are_retried():
    """A stand-in can play them: the mail is sent once."""
    outlook = Outlook()
    outlook.failures = [Response(429), Response(503)]
    body = {"To": "a", "Subject": "S", "Body": "B"}
    assert by_path(outlook, "post", "/v2/Mail", body=body).attempts == 3
    assert len(outlook.mails) == 1


def test_nobody_answers():
    """The action times out at its limit, so that the flow can go on."""
    outlook = Outlook(None)
    result = by_path(outlook, "post", "/approvalmail/$subscriptions", body=ASK, webhook=True, limit={"timeout": "P14D"})
    assert (result.status, result.attempts) == ("TimedOut", 1)
    assert result.seconds >= 14 * 86400 and len(outlook.mails) == 1

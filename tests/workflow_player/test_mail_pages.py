"""Mails as pages that open in a browser."""

import base64

from workflow_player.mail_pages import approval_written, written
from workflow_player.services.approvals import Approval
from workflow_player.services.outlook import Attachment, Mail

PNG = b"\x89PNG\r\n\x1a\n"


def test_page(tmp_path):
    """With its pictures in it, where the mail shows them or below it, and its attachments beside it."""
    attachments = (Attachment("chart.png", PNG), Attachment("more.png", PNG), Attachment("../a.csv", b"x"))
    mail = Mail(
        "a@b.example", "Sales <2026>", '<img src="cid:chart.png">', attachments, options=("Yes", "No"), chosen="No"
    )
    page = written(mail, 1, tmp_path)
    text = page.read_text(encoding="utf-8")
    data = f"data:image/png;base64,{base64.b64encode(PNG).decode()}"
    assert f'<img src="{data}">' in text and f'<img alt="more.png" src="{data}">' in text
    assert "Sales &lt;2026&gt;" in text and "<dd>No</dd>" in text
    assert {file.name for file in (page.parent / page.stem).iterdir()} == {"chart.png", "more.png", "_a.csv"}
    assert (page.parent / page.stem / "chart.png").read_bytes() == PNG


def test_scripts_of_a_mail_do_not_run(tmp_path):
    """The page allows pictures and styles only."""
    page = written(Mail("a", "S", "<script>alert(1)</script>"), 1, tmp_path)
    assert "default-src 'none'" in page.read_text(encoding="utf-8")


def test_approval(tmp_path):
    """Tables of the details are shown as such, and nothing of them is HTML."""
    details = "Two entries.\n\n| Who | Sum |\n|---|---|\n|  | <b>1</b> |"
    page = approval_written(Approval("March", "m@b.example", details, "Reject", "Why?"), 1, tmp_path)
    text = page.read_text(encoding="utf-8")
    assert (
        "<p>Two entries.</p>\n<table><tr><th>Who</th><th>Sum</th></tr><tr><td></td><td>&lt;b&gt;1&lt;/b&gt;</td></tr>"
        in text
    )
    assert "<dd>m@b.example</dd>" in text and "<dd>Reject</dd>" in text and "<dd>Why?</dd>" in text

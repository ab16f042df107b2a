"""Mails and approvals as HTML files that open in a browser, with their pictures in them and attachments beside them."""

import base64
import html
import mimetypes
import re
from pathlib import Path
from urllib.parse import quote

from workflow_player.services.approvals import Approval
from workflow_player.services.outlook import Attachment, Mail

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy"
      content="default-src 'none'; img-src data: https:; style-src 'unsafe-inline'">
<title>{subject}</title>
<style>
body {{ font: 15px/1.5 system-ui, sans-serif; max-width: 50rem; margin: 2rem auto; padding: 0 1rem; color: #1b1b1b; }}
dl {{ display: grid; grid-template-columns: max-content 1fr; gap: .2rem 1rem; border-bottom: 1px solid #ccc;
     padding-bottom: 1rem; }}
dt {{ color: #666; }} dd {{ margin: 0; }} img {{ max-width: 100%; }}
table {{ border-collapse: collapse; }} th, td {{ border: 1px solid #ccc; padding: .2rem .6rem; text-align: left; }}
</style>
</head>
<body>
<dl>{header}</dl>
{body}
{pictures}
</body>
</html>
"""


def written(mail: Mail, number: int, folder: Path) -> Path:
    """Write a mail and its attachments. Returns the page."""
    stem = f"{number}-{_plain(mail.subject) or 'mail'}"
    folder.mkdir(parents=True, exist_ok=True)
    links = []
    for attachment in mail.attachments:
        file = folder / stem / _file_name(attachment.name)
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(attachment.content)
        links.append(f'<a href="{quote(f"{stem}/{file.name}")}">{html.escape(attachment.name)}</a>')
    rows = {
        "To": html.escape(mail.to),
        "Cc": html.escape(mail.cc),
        "Subject": html.escape(mail.subject),
        "Attachments": ", ".join(links),
        "Options": html.escape(", ".join(mail.options)),
        "Chosen": html.escape(mail.chosen or ""),
    }
    body, shown = _with_pictures(mail)
    rest = [attachment for attachment in mail.attachments if attachment.name not in shown and _is_picture(attachment)]
    pictures = "".join(f'<p><img alt="{html.escape(found.name)}" src="{_data_url(found)}"></p>' for found in rest)
    return _page(folder / f"{stem}.html", mail.subject, rows, body, pictures)


def approval_written(approval: Approval, number: int, folder: Path) -> Path:
    """Write what a person is asked, with the tables of its details, which are Markdown. Returns the page."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = {
        "For": html.escape(approval.assigned_to),
        "Title": html.escape(approval.title),
        "Options": "Approve, Reject",
        "Chosen": html.escape(approval.outcome),
        "Comments": html.escape(approval.comments),
    }
    page = folder / f"{number}-{_plain(approval.title) or 'approval'}.html"
    return _page(page, approval.title, rows, _from_markdown(approval.details))


def _page(page: Path, title: str, rows: dict[str, str], body: str, pictures: str = "") -> Path:
    header = "".join(f"<dt>{name}</dt><dd>{value}</dd>" for name, value in rows.items() if value)
    text = _PAGE.format(subject=html.escape(title), header=header, body=body, pictures=pictures)
    page.write_text(text, encoding="utf-8")
    return page


def _from_markdown(text: str) -> str:
    """Paragraphs and tables; anything else as it is."""
    parts = []
    for block in re.split(r"\n\s*\n", text.strip()):
        head, *lines = [line.strip() for line in block.splitlines()]
        if not lines or not re.fullmatch(r"\|(\s*:?-+:?\s*\|)+", lines[0]):
            parts.append(f"<p>{html.escape(block)}</p>")
            continue
        table = [f"<tr>{_cells(head, 'th')}</tr>", *(f"<tr>{_cells(line, 'td')}</tr>" for line in lines[1:])]
        parts.append(f"<table>{''.join(table)}</table>")
    return "\n".join(parts)


def _cells(line: str, tag: str) -> str:
    cells = line.removeprefix("|").removesuffix("|").split("|")
    return "".join(f"<{tag}>{html.escape(cell.strip())}</{tag}>" for cell in cells)


def _with_pictures(mail: Mail) -> tuple[str, set[str]]:
    """The body with the attachments that it shows (`cid:NAME`) in it, and their names."""
    shown: set[str] = set()
    body = mail.body
    for attachment in mail.attachments:
        if f"cid:{attachment.name}" in body:
            body = body.replace(f"cid:{attachment.name}", _data_url(attachment))
            shown.add(attachment.name)
    return body, shown


def _is_picture(attachment: Attachment) -> bool:
    return (mimetypes.guess_type(attachment.name)[0] or "").startswith("image/")


def _data_url(attachment: Attachment) -> str:
    kind = mimetypes.guess_type(attachment.name)[0] or "application/octet-stream"
    return f"data:{kind};base64,{base64.b64encode(attachment.content).decode()}"


def _plain(text: str) -> str:
    return re.sub(r"[^\w]+", "-", text.lower()).strip("-")[:40]


def _file_name(name: str) -> str:
    """Without folders: the name comes from a flow."""
    return re.sub(r"[/\\\0]", "_", name).lstrip(".") or "attachment"

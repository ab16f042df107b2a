"""Files whose contents are not what the code expects: other encodings, separators and formats."""

import re

from .encodings import likely_encoding
from .failure import Failure, Link

OLE = bytes.fromhex("d0cf11e0a1b11ae1")
"""Begins Office files of the old formats, and those that a password protects."""

_FORMATS = (
    (b"PK\x03\x04", "a ZIP file, such as an Excel workbook", "Read it with pd.read_excel, or with zipfile."),
    (OLE, "an old or protected Office file", "Save it as .xlsx without a password."),
    (b"\x1f\x8b", "compressed with gzip", "Read it with `compression='gzip'`, or gzip.open."),
    (b"%PDF", "a PDF file", "Read it with a package for PDF files."),
    (b"\x89PNG", "an image", "Open it with PIL.Image."),
    (b"\xff\xd8\xff", "an image", "Open it with PIL.Image."),
    (b"PAR1", "a Parquet file", "Read it with pd.read_parquet."),
    (b"SQLite format 3", "an SQLite database", "Open it with sqlite3.connect."),
    (b"\x80\x04", "a pickle", "Read it with pd.read_pickle."),
    (b"\x80\x05", "a pickle", "Read it with pd.read_pickle."),
)
_FIELDS = re.compile(r"Expected (\d+) fields in line (\d+), saw (\d+)")
_WORKBOOK = ("File is not a zip file", "Excel file format cannot be determined")


def hint(failure: Failure) -> str | None:
    for link in failure.causes:
        if link.name in ("UnicodeDecodeError", "UnicodeError"):
            return _encoding(link)
    link = failure.error
    if link.name == "ParserError":
        return _parser(link)
    if link.name == "EmptyDataError":
        return (
            "The file is empty, or its lines are. Check what was uploaded or written; a file that is still open "
            "for writing must be closed first, and an io object rewound with seek(0)."
        )
    if any(words in link.message for words in _WORKBOOK):
        return _workbook(link)
    if link.name == "UnicodeEncodeError":
        return "That encoding lacks characters of the text. Write with `encoding='utf-8'`, or 'utf-8-sig' for Excel."
    return None


def _format(head: bytes) -> str | None:
    return next((f"The file is {what}. {remedy}" for begin, what, remedy in _FORMATS if head.startswith(begin)), None)


def _encoding(link: Link) -> str | None:
    found = _format(link.bytes("head"))
    if found:
        return found
    sample = link.bytes("sample")
    if not sample:
        return (
            "The text is not in that encoding. Pass the right one, often `encoding='cp1252'` for files of "
            "Windows and Excel."
        )
    encoding = likely_encoding(link.bytes("head"), sample)
    if encoding is None:
        return "The data does not look like text. Read it as bytes: open(path, 'rb')."
    return f"The bytes look like {encoding}: pass `encoding={encoding!r}`."


def _parser(link: Link) -> str | None:
    head = link.bytes("head")
    found = _format(head)
    if found:
        return found
    text = head.decode("latin-1")
    if text.lstrip().lower().startswith(("<!doctype", "<html", "<?xml")):
        return "The file is HTML or XML, not CSV. Read it with pd.read_html or pd.read_xml."
    separator = _separator(text)
    if separator:
        return f"The columns seem to be separated by {separator!r}: pass `sep={separator!r}`."
    fields = _FIELDS.search(link.message)
    if fields and int(fields[1]) < int(fields[3]) and int(fields[1]) <= 2:
        return (
            f"Line {fields[2]} has more columns than the lines above it, which may be a title: pass "
            f"`skiprows={int(fields[2]) - 1}`."
        )
    if fields:
        return (
            f"Line {fields[2]} has {fields[3]} columns instead of {fields[1]}: a value may contain the separator "
            "without quotation marks. Correct the line, or leave such lines out with `on_bad_lines='skip'`."
        )
    if "EOF inside string" in link.message:
        return "A quotation mark is not closed. Read with `quoting=csv.QUOTE_NONE`, or correct the file."
    if "Buffer overflow" in link.message or "NULL byte" in link.message:
        return "Read with `engine='python'`, or check whether the file is a table of text."
    return None


def _separator(text: str) -> str | None:
    """The mark, other than a comma, that occurs equally often in the first lines."""
    lines = [line for line in text.splitlines()[:-1] if line.strip()][:5] or text.splitlines()[:1]
    for mark in (";", "\t", "|"):
        counts = {line.count(mark) for line in lines}
        if len(counts) == 1 and counts != {0}:
            return mark
    return None


def _workbook(link: Link) -> str | None:
    head = link.bytes("head")
    if not head:
        return None
    if head.startswith(OLE):
        return "The workbook is protected by a password, or is an old .xls. Save it as .xlsx without a password."
    text = head.decode("latin-1").lstrip().lower()
    if text.startswith(("<!doctype", "<html", "<table", "<?xml")):
        return "The file is HTML or XML, not a workbook. Read it with pd.read_html or pd.read_xml."
    if not head.startswith(b"PK") and b"\0" not in head:
        separator = _separator(head.decode("latin-1"))
        arguments = f", sep={separator!r}" if separator else ""
        return f"The file is text, not a workbook. Read it with `pd.read_csv(path{arguments})`."
    return "The file is not a valid workbook. Upload it again, as bytes or base64."

"""XML that clients send, within limits: no document types, so no entities; lists of blocks; and texts for answers."""

import base64
import binascii
import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from typing import Literal, cast
from urllib.parse import quote
from xml.sax.saxutils import escape

from .errors import StorageError, printable

MOST_BLOCKS = 50_000
MOST_BLOCK_ID_BYTES = 64
MOST_BYTES = 8 << 20
"""A list of 50,000 blocks with the longest IDs has under 7 MB."""

_ENCODING = re.compile(r"""<\?xml[^>]*encoding\s*=\s*["']([^"'>]*)""")

Where = Literal["Latest", "Uncommitted", "Committed"]


def document(body: bytes, root: str) -> ElementTree.Element:
    """The root element, which must have the name `root`. Raises StorageError."""
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise StorageError("InvalidXmlDocument") from None
    declared = _ENCODING.match(text)
    if (declared and declared[1].lower() != "utf-8") or "<!" in text.replace("<!--", ""):
        raise StorageError("InvalidXmlDocument")
    try:
        element = ElementTree.fromstring(text)
    except (ElementTree.ParseError, ValueError):
        raise StorageError("InvalidXmlDocument") from None
    if element.tag != root:
        raise StorageError("InvalidXmlDocument")
    return element


def block_list(body: bytes) -> list[tuple[Where, str]]:
    """Where each block is taken from, and its ID. Raises StorageError."""
    root = document(body, "BlockList")
    if len(root) > MOST_BLOCKS:
        raise StorageError("BlockListTooLong")
    return list(_entries(root))


def block_id(text: str) -> bytes | None:
    """The ID that base64 text stands for; None if it is not such a text."""
    try:
        identifier = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    return identifier if 0 < len(identifier) <= MOST_BLOCK_ID_BYTES else None


def text_element(name: str, text: str) -> str:
    """An element of an answer. A text that XML cannot have is encoded as addresses are, with an attribute that says so.

    Source: "List Blobs" in the REST reference, on names from version 2021-02-12 on.
    """
    if not text:
        return f"<{name} />"
    if printable(text) != text:
        return f'<{name} Encoded="true">{quote(text, safe="/")}</{name}>'
    return f"<{name}>{escape(text)}</{name}>".replace("\r", "&#xD;")


def _entries(root: ElementTree.Element) -> Iterator[tuple[Where, str]]:
    for element in root:
        if element.tag not in ("Latest", "Uncommitted", "Committed") or len(element):
            raise StorageError("InvalidXmlDocument")
        text = (element.text or "").strip()
        if block_id(text) is None:
            raise StorageError("InvalidXmlNodeValue", XmlNodeName=element.tag, XmlNodeValue=text[:100])
        yield cast(Where, element.tag), text

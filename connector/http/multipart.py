"""The parts of a form (RFC 7578), read in one pass over its body, without copies of it.

Lines may end as in any system, as in other parsers. It knows nothing of the contract.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from werkzeug.http import parse_options_header

from ..errors import InvalidFileName, InvalidRequest

_LINE_BREAK = rb"(?:\r\n|\n|\r)"
_AFTER_BOUNDARY = re.compile(rb"(?P<last>--)|[^\S\r\n]*+%s" % _LINE_BREAK)
_BLANK_LINE = re.compile(rb"\r\n\r\n|\r\r|\n\n")
_CONTINUED = re.compile(rb"%s[ \t]+" % _LINE_BREAK)
_CHARSETS = ("ascii", "us-ascii", "utf-8", "iso-8859-1")
_LONGEST_HEADERS = 16_384
"""Bytes of a part's headers. A file name has 255 bytes, and at most nine characters for each of them."""


class NotMultipart(Exception):
    """The body has no parts, or is not complete."""


@dataclass(frozen=True)
class Part:
    """`file_name` is None for a field. The names of `headers` are in lower case."""

    name: str
    file_name: str | None
    headers: dict[str, str]
    content: memoryview

    @property
    def text(self) -> str:
        """The value of a field."""
        charset = parse_options_header(self.headers.get("content-type"))[1].get("charset", "").lower()
        return bytes(self.content).decode(charset if charset in _CHARSETS else "utf-8", "replace")


def parts_of(body: bytes, content_type: str) -> Iterator[Part]:
    """The parts of a form, one after the other. `content_type` is the header with the boundary.

    Raises NotMultipart, InvalidFileName and InvalidRequest.
    """
    boundary = parse_options_header(content_type)[1].get("boundary", "").encode("ascii", "ignore")
    if not boundary:
        raise NotMultipart
    delimiter, content = b"--" + boundary, memoryview(body)
    _, position, is_last = _delimiter(body, delimiter, 0, is_first=True)
    while not is_last:
        blank = _BLANK_LINE.search(body, position, position + _LONGEST_HEADERS)
        if blank is None:
            if len(body) - position <= _LONGEST_HEADERS:
                raise NotMultipart
            raise InvalidRequest(
                f"The headers of a part have more than {_LONGEST_HEADERS:,} bytes. Send Content-Disposition and "
                "Content-Type alone."
            )
        headers = _headers(body[position : blank.start()])
        if "content-disposition" not in headers:
            raise NotMultipart
        options = parse_options_header(headers["content-disposition"])[1]
        # The line break of the blank line may also be that before the delimiter, if the part is empty.
        end, position, is_last = _delimiter(body, delimiter, (blank.start() + blank.end()) // 2)
        yield Part(options.get("name", ""), options.get("filename"), headers, content[blank.end() : end])


def _delimiter(body: bytes, delimiter: bytes, position: int, *, is_first: bool = False) -> tuple[int, int, bool]:
    """The next line with the boundary: where it begins, with the line break before it, where it ends, and whether it is
    the last. Raises NotMultipart if there is none.
    """
    while (found := body.find(delimiter, position)) >= 0:
        position = found + len(delimiter)
        after = _AFTER_BOUNDARY.match(body, position)
        before = body[max(found - 2, 0) : found]
        if after is not None and (is_first or before[-1:] in (b"\n", b"\r")):
            line_break = 2 if before == b"\r\n" else 1
            return found - line_break, after.end(), after["last"] is not None
    raise NotMultipart


def _headers(lines: bytes) -> dict[str, str]:
    try:
        text = _CONTINUED.sub(b" ", lines).decode()
    except UnicodeDecodeError:
        raise InvalidFileName(
            "The file name of a part is not UTF-8. Encode the headers of parts as UTF-8, or send the name as "
            "filename*=UTF-8'' with percent escapes.",
            target="fileName",
        ) from None
    headers: dict[str, str] = {}
    for line in re.split("[\r\n]+", text):
        name, _, value = line.partition(":")
        headers.setdefault(name.strip().lower(), value.strip(" \t"))
    return headers

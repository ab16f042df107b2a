"""What GetFile shows a model of a file: text as text, images as images, and for all else how to read it with code.

The bytes of a file decide what it is; its name says little.
"""

import codecs

from ..files.names import shown_folder
from ..files.operations import download_file, find_headers
from ..files.reading import SMALL_BYTES, download_range
from ..models import FileBytes, FilePath
from ..session_pool.facts import PoolFacts
from ..session_pool.sessions import SessionClient
from .execution_text import shown_path, shown_size
from .fitting import json_characters
from .images import image_block
from .protocol import Json
from .resources import resource_link, resource_uri
from .results import MOST_CHARACTERS, text_block, text_result

CHUNK_BYTES = 20_000
"""How much of a text one call returns: about 5,000 tokens."""

_MOST_TEXT_CHARACTERS = 60_000
"""In JSON, where control characters take six."""

_LARGEST_IMAGE_BYTES = (MOST_CHARACTERS - 2_000) // 4 * 3
_HEAD_BYTES = 4_096

_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # it begins like that of UTF-16
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_CONTROLS_OF_TEXT = "\t\n\v\f\r\b\x1b"
_NEVER_TEXT = ("image/png", "image/jpeg", "application/pdf")

_READ_BY_CODE = {
    ".xlsx": "pandas.read_excel({})",
    ".xls": "pandas.read_excel({})",
    ".ods": "pandas.read_excel({})",
    ".parquet": "pandas.read_parquet({})",
    ".feather": "pandas.read_feather({})",
    ".pkl": "pandas.read_pickle({})",
    ".h5": "pandas.read_hdf({})",
    ".pdf": "pypdf.PdfReader({}).pages[0].extract_text()",
    ".docx": "docx.Document({}).paragraphs",
    ".pptx": "pptx.Presentation({}).slides",
    ".zip": "zipfile.ZipFile({}).namelist()",
    ".gz": "gzip.open({}).read(1000)",
    ".tar": "tarfile.open({}).getnames()",
    ".tgz": "tarfile.open({}).getnames()",
    ".npy": "numpy.load({})",
    ".npz": "numpy.load({}).files",
    ".db": "sqlite3.connect({}).execute('select * from sqlite_master').fetchall()",
    ".sqlite": "sqlite3.connect({}).execute('select * from sqlite_master').fetchall()",
}


def file_result(session: SessionClient, facts: PoolFacts, path: FilePath, *, offset: int = 0) -> Json:
    """`offset` is the byte at which to begin, in a long text. Raises FileNotFound."""
    path, file = find_headers(session, facts, path)
    shown = FilePath(shown_folder(path.folder), path.name)
    title = f"{shown_path(shown)} ({file.content_type}, {shown_size(file.size)})"
    if file.size == 0:
        return text_result(f"{title} is empty.")
    if offset >= file.size:
        return text_result(f"{title} ends before byte {offset:,}.")
    session.admission.hold(min(file.size, SMALL_BYTES))  # up to this size, a range of a file is read with the rest
    beginning = _bytes(session, facts, path, file, 0)
    encoding = encoding_of(beginning[:_HEAD_BYTES], is_complete=file.size <= _HEAD_BYTES)
    if encoding is not None and file.content_type not in _NEVER_TEXT:
        content = _bytes(session, facts, path, file, offset) if offset else beginning
        return _text(content, file, title, encoding, offset)
    if file.size <= _LARGEST_IMAGE_BYTES and file.content_type.startswith("image/"):
        image = image_block(download_file(session, facts, path, file).content or b"")
        if image is not None:
            return text_result(title, image)
    link = resource_link(resource_uri(session.id, shown), shown.name, file.content_type, file.size)
    return text_result(f"{title} {_how_to_read(shown, file)}", link)


def _text(content: bytes, file: FileBytes, title: str, encoding: str, offset: int) -> Json:
    """As many complete lines of the content as fit, and where the next ones begin."""
    text, used = decoded(content, encoding, is_last=offset + len(content) == file.size, is_first=offset == 0)
    while json_characters(text) > _MOST_TEXT_CHARACTERS:
        content = content[: len(content) // 2]
        text, used = decoded(content, encoding, is_last=False, is_first=offset == 0)
    end = offset + used
    parts = [title]
    if encoding not in ("utf-8", "utf-8-sig"):
        parts.append(f", decoded as {encoding}")
    if offset or end < file.size:
        parts.append(f", bytes {offset:,} to {end - 1:,}")
    if end < file.size:
        parts.append(f". Call GetFile with offset {end} for more, or search it with code")
    header = "".join(parts)
    return text_result(f"{header}:", text_block(text))


def _bytes(session: SessionClient, facts: PoolFacts, path: FilePath, file: FileBytes, first: int) -> bytes:
    """CHUNK_BYTES of the file, or those up to its end."""
    return download_range(session, facts, path, file, first=first, last=min(first + CHUNK_BYTES, file.size) - 1)


def encoding_of(head: bytes, *, is_complete: bool) -> str | None:
    """That of a file that begins with `head`; None if it is not text.

    Text is UTF-8, has a byte order mark, or is Windows-1252.
    """
    for mark, encoding in _BYTE_ORDER_MARKS:
        if head.startswith(mark):
            return encoding
    for encoding in ("utf-8", "cp1252"):
        try:
            text = codecs.getincrementaldecoder(encoding)().decode(head, is_complete)
        except UnicodeDecodeError:
            continue
        if all(character >= " " or character in _CONTROLS_OF_TEXT for character in text):
            return encoding
    return None


def decoded(content: bytes, encoding: str, *, is_first: bool, is_last: bool) -> tuple[str, int]:
    """The text of the bytes, up to the last complete line unless they are the last, and how many bytes it has.

    What is not valid becomes U+FFFD. The rest of a character that began before the bytes is skipped.
    """
    plain = encoding.removesuffix("-sig")
    end = len(content) if is_last else _end_of_lines(content, plain)
    start = 0
    while not is_first and plain == "utf-8" and start < min(3, end) and content[start] & 0xC0 == 0x80:
        start += 1
    decoder = codecs.getincrementaldecoder(plain)("replace")
    text = decoder.decode(content[start:end], is_last)
    pending = 0 if is_last else len(decoder.getstate()[0])  # of a character that ends after the bytes
    return text.removeprefix("\ufeff") if is_first else text, end - pending


def _end_of_lines(content: bytes, encoding: str) -> int:
    """The end of the last line that is complete; all, if that is in the first half."""
    line_break = "\n".encode(encoding)
    found = content.rfind(line_break)
    while found > 0 and found % len(line_break):
        found = content.rfind(line_break, 0, found + len(line_break) - 1)
    return found + len(line_break) if found > len(content) // 2 else len(content)


def _how_to_read(path: FilePath, file: FileBytes) -> str:
    """After the name of a file that cannot be shown."""
    place = repr(f"/mnt/data/{path}")
    share = "ShareFile makes a link for the user."
    if file.content_type.startswith("image/"):
        return (
            "cannot be shown as it is. To see a smaller copy, run: from PIL import Image; "
            f"image = Image.open({place}); image.thumbnail((800, 800)); display(image). {share}"
        )
    ending = "." + path.name.lower().rpartition(".")[2]
    if ending in _READ_BY_CODE:
        return f"is not text. Read it with code, such as {_READ_BY_CODE[ending].format(place)}. {share}"
    return f"is not text. Read it with code, such as open({place}, 'rb').read(100). {share}"

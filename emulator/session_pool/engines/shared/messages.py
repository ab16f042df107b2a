"""How an interpreter's messages travel: complete in one frame, or with their long texts ahead of them, in pieces.

A piece is a message of the type `part`, with the `name` of what it is a part of: a MIME type, or FAILURE, which is what
stderr holds after code raised. The first piece has `first`. The message that they belong to lists their names in
`parts` of its content, and has everything else itself. So the server never has to decode much at once.

The interpreter also omits what no result of the service can contain, and refuses a value that is larger than MAX_BYTES.
"""

import re
from collections.abc import Callable, Iterator
from typing import Any

from . import frames

FAILURE = "failure"
MAX_BYTES = 16 << 20
"""Of a value or an image, in UTF-8."""

_SHORT_BYTES = 16 << 10
_PIECE_CHARACTERS = 8 << 10  # in JSON, a character takes twelve bytes at most
_RETURNED = ("text/plain", "image/png", "image/jpeg")
_ANSI = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")


def encoded(message: frames.Message, default: Callable[[Any], Any]) -> Iterator[bytes]:
    """The frames of a message that has a `type`, a `parent` and `content`.

    Raises ValueError or TypeError, before the first frame, for what JSON cannot represent and for what is too large.
    """
    frame = frames.encode(message, default)
    if len(frame) <= _SHORT_BYTES:
        return iter([frame])
    kind, content = message["type"], frames.decode(frame)["content"]
    if kind == "stream":
        return (_frame(message, kind, {**content, "text": piece}) for piece in _pieces(content["text"]))
    if kind in ("execute_result", "display_data"):
        texts = {name: text for name, text in content["data"].items() if name in _RETURNED and isinstance(text, str)}
        if kind == "display_data":
            texts.pop("text/plain", None)
        _check(texts)
        return _with_parts(message, texts, {"data": {}})
    if kind == "error" or content.get("status") == "error":
        rest = {name: content[name] for name in ("status", "ename") if name in content}
        return _with_parts(message, {FAILURE: failure_text(content)}, rest)
    payload = [item for item in content.get("payload", ()) if item.get("source") == "ask_exit"]
    return iter([_frame(message, kind, {"status": content.get("status"), "payload": payload})])


def failure_text(reply: dict[str, Any]) -> str:
    """What stderr holds after code raised: the exception's message, directly followed by IPython's traceback."""
    lines = reply.get("traceback")
    traceback = "\n".join(str(line) for line in lines) if isinstance(lines, list) else ""
    text = f"{reply.get('evalue', '')}{traceback.rstrip(chr(10))}\n\n"
    return _ANSI.sub("", text)


def _with_parts(message: frames.Message, texts: dict[str, str], content: dict[str, Any]) -> Iterator[bytes]:
    for name, text in texts.items():
        is_first = True
        for piece in _pieces(text):
            yield frames.encode(
                {"type": "part", "parent": message["parent"], "name": name, "first": is_first, "text": piece}
            )
            is_first = False
    yield _frame(message, message["type"], {**content, "parts": list(texts)})


def _frame(message: frames.Message, kind: str, content: dict[str, Any]) -> bytes:
    return frames.encode({"type": kind, "parent": message["parent"], "content": content})


def _pieces(text: str) -> Iterator[str]:
    for start in range(0, max(1, len(text)), _PIECE_CHARACTERS):
        yield text[start : start + _PIECE_CHARACTERS]


def _check(texts: dict[str, str]) -> None:
    for name, text in texts.items():
        size = len(text.encode("utf-8", "surrogatepass"))
        if size > MAX_BYTES:
            raise ValueError(
                f"The result has {size:,} bytes as {name}, and a result may have {MAX_BYTES:,}. Write it to a file in "
                "/mnt/data."
            )

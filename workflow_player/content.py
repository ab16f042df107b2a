"""Bodies of messages as values of the workflow language, and values as bodies or text.

Sources: Azure Logic Apps, "Handle content types": JSON becomes a value, text a string, and anything else a content
object, `{"$content-type": TYPE, "$content": BASE64}`, which is sent again as the bytes that it holds.
"""

import base64
import binascii
import json
from typing import Any

from workflow_player.errors import TemplateError

BINARY = "application/octet-stream"


def content_object(data: bytes, content_type: str = BINARY) -> dict[str, str]:
    return {"$content-type": content_type, "$content": base64.b64encode(data).decode()}


def is_content(value: Any) -> bool:
    return isinstance(value, dict) and isinstance(value.get("$content"), str)


def from_base64(text: str) -> bytes:
    """The bytes, or a TemplateError."""
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise TemplateError(f"a text is not valid base64: {error}") from None


def value_of(data: bytes, content_type: str | None) -> Any:
    """The value of a message's body; null for none."""
    if not data:
        return None
    kind = (content_type or BINARY).partition(";")[0].strip().lower()
    if kind == "application/json" or kind.endswith("+json"):
        try:
            return json.loads(data.decode("utf-8-sig"))
        except ValueError:
            raise TemplateError(f"a body of type {kind} is not valid JSON") from None
    if kind.startswith("text/"):
        return data.decode("utf-8-sig", errors="replace")
    return content_object(data, content_type or BINARY)


def body_of(value: Any) -> tuple[bytes, str | None]:
    """The bytes of a value, and the content type that it has by itself."""
    if value is None:
        return b"", None
    if is_content(value):
        return from_base64(value["$content"]), value.get("$content-type", BINARY)
    if isinstance(value, str):
        return value.encode(), "text/plain; charset=utf-8"
    return json_text(value).encode(), "application/json; charset=utf-8"


def bytes_of(value: Any) -> bytes:
    return body_of(value)[0]


def json_text(value: Any) -> str:
    """JSON without spaces, as the language writes objects and arrays into texts."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def text_of(value: Any) -> str:
    """What a value becomes in a text.

    Null becomes nothing, true becomes True, a content object the text that it holds; objects and arrays become JSON.
    """
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    if isinstance(value, bool):
        return str(value)
    if isinstance(value, int | float):
        return str(value).upper()  # 1E+21
    if is_content(value):
        return from_base64(value["$content"]).decode(errors="replace")
    return json_text(value)

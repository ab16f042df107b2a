"""Values of one type made of another: base64, binary, data URIs, JSON, numbers, texts."""

import json as json_module
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote_to_bytes

from workflow_player.content import bytes_of, content_object, from_base64, is_content, text_of
from workflow_player.errors import TemplateError
from workflow_player.functions.types import text

_INTEGER = re.compile(r"\s*[+-]?\d+\s*")
_DATA_URI = re.compile(r"data:(?P<type>[^,]*?)(?P<coded>;base64)?,(?P<data>.*)", re.DOTALL)


def array(value: Any) -> list[Any]:
    """The value as the only item."""
    return [value]


def create_array(first: Any, *others: Any) -> list[Any]:
    return [first, *others]


def base64(value: Any) -> str:
    """Of a text its UTF-8, of a content object the bytes that it holds."""
    if is_content(value):
        return str(value["$content"])
    return content_object(text(value, "base64").encode())["$content"]


def base64_to_binary(value: Any) -> dict[str, str]:
    return content_object(from_base64(text(value, "base64ToBinary")))


def base64_to_string(value: Any) -> str:
    return _decoded(from_base64(text(value, "base64ToString")), "base64ToString")


def binary(value: Any) -> dict[str, str]:
    """Of a text its UTF-8; a content object stays what it is."""
    if is_content(value):
        return dict(value)
    return content_object(text(value, "binary").encode())


def bool_(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, int | float):
        return value != 0
    if isinstance(value, str) and value.strip().lower() in ("true", "false"):
        return value.strip().lower() == "true"
    raise TemplateError(f"bool takes a number, or the text true or false, not {value!r}")


def data_uri(value: Any) -> str:
    kind = value["$content-type"] if is_content(value) else "text/plain;charset=utf-8"
    data = bytes_of(value) if is_content(value) else text(value, "dataUri").encode()
    return f"data:{kind};base64,{content_object(data)['$content']}"


def data_uri_to_binary(value: Any) -> dict[str, str]:
    kind, data = _data_uri(text(value, "dataUriToBinary"))
    return content_object(data, kind or "text/plain")


def data_uri_to_string(value: Any) -> str:
    return _decoded(_data_uri(text(value, "dataUriToString"))[1], "dataUriToString")


def _data_uri(value: str) -> tuple[str, bytes]:
    found = _DATA_URI.fullmatch(value)
    if not found:
        raise TemplateError("a data URI begins with data: and has a comma")
    data = from_base64(found["data"]) if found["coded"] else unquote_to_bytes(found["data"])
    return found["type"], data


def float_(value: Any) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    try:
        return float(text(value, "float").replace(",", ""))
    except ValueError:
        raise TemplateError(f"float: the text {value!r} is no number") from None


def int_(value: Any) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and _INTEGER.fullmatch(value):
        return int(value)
    raise TemplateError(f"int takes the text of an integer, not {value!r}")


def is_float(value: Any) -> bool:
    return isinstance(value, str) and bool(re.fullmatch(r"\s*[+-]?(\d[\d,]*(\.\d*)?|\.\d+)([eE][+-]?\d+)?\s*", value))


def is_int(value: Any) -> bool:
    return isinstance(value, str) and bool(_INTEGER.fullmatch(value))


def json(value: Any) -> Any:
    """The value of a JSON text, or of a content object with one; any other value stays what it is."""
    if value is None:
        raise TemplateError("json takes a text, not null")
    if not isinstance(value, str) and not is_content(value):
        return value
    try:
        return json_module.loads(bytes_of(value).decode("utf-8-sig"))
    except ValueError as error:
        raise TemplateError(f"json: the text is not valid JSON: {error}") from None


def string(value: Any) -> str:
    return text_of(value)


def uri_component_to_binary(value: Any) -> dict[str, str]:
    return content_object(unquote_to_bytes(text(value, "uriComponentToBinary")))


def _decoded(data: bytes, function: str) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise TemplateError(f"{function}: the bytes are not UTF-8 text") from None


CONVERSION: dict[str, Callable[..., Any]] = {
    "array": array,
    "base64": base64,
    "base64ToBinary": base64_to_binary,
    "base64ToString": base64_to_string,
    "binary": binary,
    "bool": bool_,
    "createArray": create_array,
    "dataUri": data_uri,
    "dataUriToBinary": data_uri_to_binary,
    "dataUriToString": data_uri_to_string,
    "decimal": float_,
    "decodeBase64": base64_to_string,
    "decodeDataUri": data_uri_to_binary,
    "float": float_,
    "int": int_,
    "isFloat": is_float,
    "isInt": is_int,
    "json": json,
    "string": string,
    "uriComponentToBinary": uri_component_to_binary,
}

"""Parts of URIs, and the encoding of characters in them."""

from collections.abc import Callable
from typing import Any
from urllib.parse import SplitResult, quote, unquote, urlsplit

from workflow_player.functions.types import text


def _split(value: Any, function: str) -> SplitResult:
    return urlsplit(text(value, function))


def uri_host(value: Any) -> str:
    return _split(value, "uriHost").hostname or ""


def uri_path(value: Any) -> str:
    return _split(value, "uriPath").path


def uri_path_and_query(value: Any) -> str:
    parts = _split(value, "uriPathAndQuery")
    return parts.path + ("?" + parts.query if parts.query else "")


def uri_port(value: Any) -> int:
    parts = _split(value, "uriPort")
    return parts.port or {"http": 80, "https": 443}.get(parts.scheme, 0)


def uri_query(value: Any) -> str:
    query = _split(value, "uriQuery").query
    return "?" + query if query else ""


def uri_scheme(value: Any) -> str:
    return _split(value, "uriScheme").scheme


def encode_uri_component(value: Any) -> str:
    """All but letters, digits and -_.!~*'() as %XX of UTF-8."""
    return quote(text(value, "encodeUriComponent"), safe="-_.!~*'()")


def decode_uri_component(value: Any) -> str:
    return unquote(text(value, "decodeUriComponent"))


URIS: dict[str, Callable[..., Any]] = {
    "decodeUriComponent": decode_uri_component,
    "encodeUriComponent": encode_uri_component,
    "uriComponent": encode_uri_component,
    "uriComponentToString": decode_uri_component,
    "uriHost": uri_host,
    "uriPath": uri_path,
    "uriPathAndQuery": uri_path_and_query,
    "uriPort": uri_port,
    "uriQuery": uri_query,
    "uriScheme": uri_scheme,
}

"""Images as the content of results: only complete ones, of types that all models read.

A model's API refuses the whole conversation for an image that it cannot read, so neither the name of a file nor the
type that code displayed it with is trusted.
"""

import base64
import binascii
import re

from .protocol import Json

_BEGINNINGS = (
    ("image/png", re.compile(rb"\x89PNG\r\n\x1a\n.{4}IHDR", re.DOTALL)),
    ("image/jpeg", re.compile(rb"\xff\xd8\xff")),
    ("image/gif", re.compile(rb"GIF8[79]a")),
    ("image/webp", re.compile(rb"RIFF.{4}WEBP", re.DOTALL)),
)
_ENDS = {"image/png": b"IEND\xaeB`\x82", "image/gif": b";"}
"""An image without its end is incomplete."""

_MOST_PIXELS_OF_SIDE = 8000
"""Anthropic's API refuses larger ones."""


def _media_type(content: bytes) -> str | None:
    """That of a complete image that models read; None for everything else."""
    for media_type, beginning in _BEGINNINGS:
        if beginning.match(content):
            if media_type == "image/png" and max(_sides_of_png(content)) > _MOST_PIXELS_OF_SIDE:
                return None
            return media_type if content.endswith(_ENDS.get(media_type, b"")) else None
    return None


def image_block(content: bytes) -> Json | None:
    """None for what models cannot read as an image."""
    media_type = _media_type(content)
    if media_type is None:
        return None
    return {"type": "image", "data": base64.b64encode(content).decode(), "mimeType": media_type}


def image_block_of_base64(text: str) -> Json | None:
    """None for what models cannot read as an image, and for what is not base64."""
    try:
        return image_block(base64.b64decode(text))
    except binascii.Error:
        return None


def _sides_of_png(content: bytes) -> tuple[int, int]:
    return int.from_bytes(content[16:20], "big"), int.from_bytes(content[20:24], "big")

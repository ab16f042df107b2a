"""Images as the content of results. Only what certainly is an image of a type that all models read.

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
"""Without which the image is incomplete."""

_MOST_PIXELS_OF_SIDE = 8000
"""Anthropic's API refuses larger ones."""


def type_of_image(content: bytes) -> str | None:
    """The media type of a complete image that models read; None for everything else."""
    for media_type, beginning in _BEGINNINGS:
        if beginning.match(content):
            if media_type == "image/png" and max(_sides_of_png(content)) > _MOST_PIXELS_OF_SIDE:
                return None
            return media_type if content.endswith(_ENDS.get(media_type, b"")) else None
    return None


def image_block_of(content: bytes) -> Json:
    return {"type": "image", "data": base64.b64encode(content).decode(), "mimeType": type_of_image(content)}


def image_block(data: str) -> Json | None:
    """Of base64. None for what is no image."""
    try:
        media_type = type_of_image(base64.b64decode(data))
    except binascii.Error:
        return None
    if media_type is None:
        return None
    return {"type": "image", "data": "".join(data.split()), "mimeType": media_type}


def _sides_of_png(content: bytes) -> tuple[int, int]:
    return int.from_bytes(content[16:20], "big"), int.from_bytes(content[20:24], "big")

"""Images as the content of results. Only what certainly is an image of a type that all models read.

A model's API refuses the whole conversation for an image that it cannot read, so neither the name of a file nor the
type that code displayed it with is trusted.
"""

import base64
import binascii

from .image_formats import image_format
from .protocol import Json

_MOST_PIXELS_OF_SIDE = 8000
"""Anthropic's API refuses larger ones."""


def type_of_image(content: bytes) -> str | None:
    """The media type of a complete image that models read; None for everything else."""
    found = image_format(content)
    if found is None:
        return None
    media_type, sides = found
    return media_type if min(sides) > 0 and max(sides) <= _MOST_PIXELS_OF_SIDE else None


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

"""Images as the content of results: only complete ones, of types that all models read.

A model's API refuses the whole conversation for an image that it cannot read, so neither the name of a file nor the
type that code displayed it with is trusted.
"""

import base64
import binascii

from .image_formats import image_format
from .protocol import Json

_MOST_PIXELS_OF_SIDE = 8000
"""Anthropic's API refuses larger ones."""


def image_block(content: bytes) -> Json | None:
    """None for what models cannot read as an image."""
    found = image_format(content)
    if found is None:
        return None
    media_type, sides = found
    if min(sides) == 0 or max(sides) > _MOST_PIXELS_OF_SIDE:
        return None
    return {"type": "image", "data": base64.b64encode(content).decode(), "mimeType": media_type}


def image_block_of_base64(text: str) -> Json | None:
    """None for what models cannot read as an image, and for what is not base64."""
    try:
        return image_block(base64.b64decode(text))
    except binascii.Error:
        return None

"""A smaller rendering of an image, for responses that have no room for the original. Needs PIL."""

from __future__ import annotations

import io
import warnings
from typing import Any

from ..protocol import MAX_IMAGE_CHARACTERS
from .host import monotonic, to_base64

_MAX_PIXELS = 40_000_000
_MAX_ATTEMPTS = 5
_MAX_SECONDS = 2.0
_LANCZOS = 1
_OCTREE = 2
"""The fastest of PIL's methods to choose a palette. Like the others, it does not dither without being asked."""


def reduced_image(content_type: str, data: bytes) -> str | None:
    """In base64, at most MAX_IMAGE_CHARACTERS and of the same type. None if this fails. Never raises."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return _smaller(content_type.partition("/")[2].upper(), data)
    except Exception:
        return None


def _smaller(kind: str, data: bytes) -> str | None:
    from PIL import Image

    image: Any = Image.open(io.BytesIO(data))
    if image.width * image.height > _MAX_PIXELS:
        return None
    has_palette = kind in ("PNG", "GIF")
    image = image.convert("RGBA" if has_palette else "RGB")
    most = MAX_IMAGE_CHARACTERS * 3 // 4
    scale, started = min(1.0, (4 * most / len(data)) ** 0.5), monotonic()  # a palette alone saves about so much
    for _ in range(_MAX_ATTEMPTS):
        size = [max(1, int(length * scale)) for length in image.size]
        scaled = image.resize(size, _LANCZOS) if scale < 1 else image
        if has_palette:
            scaled = scaled.quantize(256, _OCTREE)
        buffer = io.BytesIO()
        scaled.save(buffer, kind, optimize=True, quality=80)
        length = len(buffer.getvalue())
        if length <= most:
            return to_base64(buffer.getvalue(), newline=False).decode()
        if monotonic() - started > _MAX_SECONDS:
            return None
        scale *= 0.95 * (most / length) ** 0.5
    return None

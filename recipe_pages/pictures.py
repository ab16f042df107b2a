"""Makes pictures small enough to be kept beside the pages."""

import io

from PIL import Image

MAX_BYTES = 60_000
_MAX_WIDTH = 1200


def reduced(png: bytes) -> bytes:
    """The picture on white, at most 1,200 pixels wide, with as many colors as fit into MAX_BYTES."""
    with Image.open(io.BytesIO(png)) as opened:
        picture = opened.convert("RGBA")
    white = Image.new("RGBA", picture.size, "white")
    flat = Image.alpha_composite(white, picture).convert("RGB")
    if flat.width > _MAX_WIDTH:
        flat = flat.resize((_MAX_WIDTH, round(flat.height * _MAX_WIDTH / flat.width)), Image.Resampling.LANCZOS)
    for colors in (128, 64, 32, 16):
        content = _png(flat.quantize(colors, dither=Image.Dither.NONE))
        if len(content) <= MAX_BYTES:
            return content
    raise ValueError(f"The picture has {len(content):,} bytes with 16 colors. Make it smaller or simpler.")


def _png(picture: Image.Image) -> bytes:
    target = io.BytesIO()
    picture.save(target, "PNG", optimize=True)
    return target.getvalue()

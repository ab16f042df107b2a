"""python -m copilot_agent.icons: draw color.png and outline.png, from the connector's icon.

An app package needs a color icon of 192 x 192 pixels, whose symbol stays within the middle 120, and a white outline of
32 x 32 pixels on a transparent background, without padding. Source: learn.microsoft.com, "Agents are apps for Microsoft
365", App icons.
"""

from pathlib import Path

from PIL import Image

from connector_package.icon import BRAND_COLOR
from connector_package.icon import draw as draw_connector

COLOR_PIXELS, SYMBOL_PIXELS, OUTLINE_PIXELS = 192, 120, 32
COLOR_PATH = Path(__file__).with_name("color.png")
OUTLINE_PATH = COLOR_PATH.with_name("outline.png")


def draw_color() -> Image.Image:
    """The symbol on the brand color, without an alpha channel."""
    symbol = draw_connector().crop(_symbol())
    scale = SYMBOL_PIXELS / max(symbol.size)
    symbol = symbol.resize((round(symbol.width * scale), round(symbol.height * scale)), Image.Resampling.LANCZOS)
    icon = Image.new("RGB", (COLOR_PIXELS, COLOR_PIXELS), BRAND_COLOR)
    icon.paste(symbol, ((COLOR_PIXELS - symbol.width) // 2, (COLOR_PIXELS - symbol.height) // 2))
    return icon


def draw_outline() -> Image.Image:
    """The symbol in white, as wide as the icon; everything else is transparent."""
    mask = _mask().crop(_symbol())
    height = round(OUTLINE_PIXELS * mask.height / mask.width)
    mask = mask.resize((OUTLINE_PIXELS, height), Image.Resampling.LANCZOS)
    alpha = Image.new("L", (OUTLINE_PIXELS, OUTLINE_PIXELS), 0)
    alpha.paste(mask, (0, (OUTLINE_PIXELS - height) // 2))
    icon = Image.new("RGBA", alpha.size, "white")
    icon.putalpha(alpha)
    return icon


def _mask() -> Image.Image:
    """White where the connector's icon has its symbol. Its background is darker than every color of the symbol."""
    icon = draw_connector().convert("L")
    background = icon.getpixel((0, 0))
    assert isinstance(background, int)
    return icon.point([min(255, max(0, (level - background) * 3)) for level in range(256)])


def _symbol() -> tuple[int, int, int, int]:
    box = _mask().getbbox()
    assert box is not None
    return box


if __name__ == "__main__":
    draw_color().save(COLOR_PATH, optimize=True)
    draw_outline().save(OUTLINE_PATH, optimize=True)

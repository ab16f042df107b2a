"""The connector's icon meets the requirements of certification."""

from PIL import Image

from connector_package.icon import BRAND_COLOR, PATH, PIXELS, draw
from connector_package.package import FunctionKey

BRAND = tuple(bytes.fromhex(BRAND_COLOR.removeprefix("#")))


def test_background_is_the_brand_color():
    """230 x 230 pixels, without transparency; everything outside the middle 70 percent has the brand color."""
    with Image.open(PATH) as icon:
        assert (icon.format, icon.mode, icon.size) == ("PNG", "RGB", (PIXELS, PIXELS))
        margin = PIXELS * 15 // 100
        outside = {
            icon.getpixel((x, y))
            for x in range(PIXELS)
            for y in range(PIXELS)
            if min(x, y, PIXELS - 1 - x, PIXELS - 1 - y) < margin
        }
        assert outside == {BRAND}
        assert len(icon.getcolors(PIXELS * PIXELS)) > 2
    assert PIXELS == 230
    assert FunctionKey().properties()["properties"]["iconBrandColor"] == BRAND_COLOR


def test_icon_is_up_to_date():
    """The file is what the code draws, except for edges, which differ between versions of the drawing library."""
    with Image.open(PATH) as icon:
        pairs = zip(icon.convert("L").tobytes(), draw().convert("L").tobytes(), strict=True)
        differing = sum(abs(drawn - kept) > 32 for kept, drawn in pairs)
    assert differing < PIXELS * PIXELS / 100

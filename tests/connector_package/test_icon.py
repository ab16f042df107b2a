"""The connector's icon meets the requirements of certification."""

import pytest
from PIL import Image

from connector_package.icon import BRAND_COLOR, PATH, PIXELS, SOLUTION_PATH, SOLUTION_PIXELS, draw, draw_for_solutions
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


@pytest.mark.parametrize(
    ("path", "drawn", "pixels"),
    [(PATH, draw, PIXELS), (SOLUTION_PATH, draw_for_solutions, SOLUTION_PIXELS)],
    ids=["icon", "icon of solutions"],
)
def test_icon_is_up_to_date(path, drawn, pixels):
    """The file is what the code draws, except for edges, which differ between versions of the drawing library."""
    with Image.open(path) as icon:
        assert icon.size == (pixels, pixels)
        pairs = zip(icon.convert("L").tobytes(), drawn().convert("L").tobytes(), strict=True)
        differing = sum(abs(now - kept) > 32 for kept, now in pairs)
    assert differing < pixels * pixels / 100

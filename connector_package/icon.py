"""python -m connector_package.icon: draw power-platform/icon.png, a prompt and the bars of a chart.

Certification requires 230 x 230 pixels and a background that is neither white nor transparent; here it is
iconBrandColor. The drawing stays within the middle 70 percent. In solutions, icons have at most 144 x 144 pixels (the
column IconBlob of Dataverse's table connector): those get power-platform/solution-icon.png.
"""

from io import BytesIO
from pathlib import Path

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch
from PIL import Image

BRAND_COLOR = "#0f5c6e"
PIXELS = 230
SOLUTION_PIXELS = 144
PATH = Path(__file__).resolve().parent.parent / "power-platform" / "icon.png"
SOLUTION_PATH = PATH.with_name("solution-icon.png")

_LIGHT, _ACCENT = "#ffffff", "#ffd166"
_PIXELS_PER_INCH = 100
_POINTS_PER_PIXEL = 72 / _PIXELS_PER_INCH
_BARS = [(116, 44, _LIGHT), (146, 76, _LIGHT), (176, 112, _ACCENT)]  # left edge, height, color
_BAR_WIDTH = 18
_FLOOR = 59


def draw() -> Image.Image:
    """The icon, without an alpha channel."""
    figure = Figure(figsize=(PIXELS / _PIXELS_PER_INCH, PIXELS / _PIXELS_PER_INCH), dpi=_PIXELS_PER_INCH)
    FigureCanvasAgg(figure)
    figure.patch.set_facecolor(BRAND_COLOR)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_xlim(0, PIXELS)
    axes.set_ylim(0, PIXELS)
    axes.axis("off")
    axes.plot(
        [44, 90, 44],
        [164, 118, 72],
        color=_LIGHT,
        linewidth=17 * _POINTS_PER_PIXEL,
        solid_capstyle="round",
        solid_joinstyle="round",
    )
    for left, height, color in _BARS:
        axes.add_patch(
            FancyBboxPatch(
                (left, _FLOOR), _BAR_WIDTH, height, boxstyle="round,pad=0,rounding_size=5", color=color, linewidth=0
            )
        )
    drawn = BytesIO()
    figure.savefig(drawn, format="png", facecolor=BRAND_COLOR)
    return Image.open(drawn).convert("RGB")


def draw_for_solutions() -> Image.Image:
    """The same, smaller."""
    return draw().resize((SOLUTION_PIXELS, SOLUTION_PIXELS), Image.Resampling.LANCZOS)


if __name__ == "__main__":
    draw().save(PATH, optimize=True)
    draw_for_solutions().save(SOLUTION_PATH, optimize=True)

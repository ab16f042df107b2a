"""What runs display: binary data, figures of every backend, data frames, and pages that repeat the text."""

import base64
import io
import json

import pytest
from PIL import Image

from connector.in_session.protocol import MAX_IMAGE_CHARACTERS
from connector.in_session.report import Report
from tests.connector.in_session.kernels import Kernel

PILLOW = "from PIL import Image\n"
AGG = "import matplotlib\nmatplotlib.use('Agg')\nimport matplotlib.pyplot as plt\n"
BACKENDS = {
    "agg": AGG,
    "agg, pyplot imported": "import matplotlib.pyplot as plt, matplotlib\nmatplotlib.use('agg')\n",
    "switched": "import matplotlib.pyplot as plt\nplt.switch_backend('agg')\n",
    "svg": "import matplotlib.pyplot as plt\nplt.switch_backend('svg')\n",
    "pdf": "import matplotlib.pyplot as plt\nplt.switch_backend('pdf')\n",
    "environment": "import os, sys\nos.environ['MPLBACKEND'] = 'agg'\nimport matplotlib.pyplot as plt\n"
    "plt.switch_backend('agg')\n",
    "inline": "import matplotlib.pyplot as plt\n",
}
AXES = "fig, ax = plt.subplots(figsize=(1, 1))\nax.set_title('T')\n"


def shown(report: Report) -> list[tuple[str, str | None]]:
    """Types and titles. The run must have succeeded, without a warning."""
    assert report.is_ok and report.stderr == "", report
    return [(output.content_type, output.title) for output in report.outputs]


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "RGBA", "I;16", "CMYK"])
@pytest.mark.parametrize("last", ["", ".show()"])
def test_an_image_is_one_output(used_kernel: Kernel, mode: str, last: str) -> None:
    """Although PIL offers it as PNG and as JPEG. Its content is the image, and so is the file."""
    name = f"image-{mode}-{len(last)}".replace(";", "")
    (output,) = used_kernel.report(f"{PILLOW}Image.new('{mode}', (3, 2)){last}", name).outputs
    # PNG has no CMYK, and PIL converts such an image when it shows it.
    assert output.content_type == ("image/jpeg" if mode == "CMYK" and not last else "image/png")
    data = base64.b64decode(output.content or "")
    assert Image.open(io.BytesIO(data)).size == (3, 2)
    assert used_kernel.file(name, output.file_name or "") == data


def test_bytes_have_their_own_type(used_kernel: Kernel) -> None:
    """Base64, or text if the type is one of text. The files have the bytes."""
    report = used_kernel.report(
        "class Shown:\n  def _repr_mimebundle_(self, **_):\n    return {'image/jpeg': b'\\xff\\xd8',"
        " 'application/pdf': b'%PDF', 'audio/wav': bytearray(b'RIFF'),"
        " 'application/x-thing': memoryview(b'\\xff'), 'text/csv': b'a,b', 'text/plain': 'Shown'}\nShown()",
        "bytes",
    )
    assert [(output.content_type, output.content, output.file_name) for output in report.outputs] == [
        ("image/jpeg", "/9g=", "output-1.jpg"), ("application/pdf", "JVBERg==", "output-2.pdf"),
        ("audio/wav", "UklGRg==", "output-3.wav"), ("application/x-thing", "/w==", "output-4.bin"),
        ("text/csv", "a,b", "output-5.csv"),
    ]  # fmt: skip
    assert (report.result, used_kernel.file("bytes", "output-4.bin")) == ("Shown", b"\xff")


def test_displays_of_ipython(used_kernel: Kernel) -> None:
    """Each is one output of its own type."""
    report = used_kernel.report(
        "from IPython.display import *\n"
        "display(HTML('<b>x</b>'), Markdown('# x'), JSON({'a': [1]}), SVG('<svg></svg>'), Latex('$x$'),"
        " Image(data=b'\\x89PNG\\r\\n\\x1a\\n', format='png'), Audio(data=b'RIFF', rate=8000))"
    )
    types = ["text/html", "text/markdown", "application/json", "image/svg+xml", "text/latex", "image/png", "text/html"]
    assert [output.content_type for output in report.outputs] == types
    assert json.loads(report.outputs[2].content or "") == {"a": [1]}


@pytest.mark.parametrize("choice", BACKENDS.values(), ids=BACKENDS)
def test_an_open_figure_is_shown_once(kernel: Kernel, choice: str) -> None:
    """At the end of the run, whatever the backend, and however it was asked for."""
    picture = [("image/png", "T")]
    for number, last in enumerate(["", "plt.show()", "fig.show()", "fig", "display(fig)", "display(fig)\nfig", "ax"]):
        report = kernel.report(f"{choice if number == 0 else ''}{AXES}{last}")
        assert (shown(report), report.result) == (picture, ""), last
    assert shown(kernel.report("1")) == []
    assert shown(kernel.deferred(AXES + "fig")) == picture


def test_figures_that_are_closed_after_they_were_shown(kernel: Kernel) -> None:
    """Each is an output, in order, and savefig after show still writes the figure. One that was not shown is none."""
    report = kernel.report(
        AGG + "for n in range(3):\n    plt.figure(figsize=(1, 1))\n    plt.plot([1])\n    plt.show()\n"
        "    plt.savefig(f'/mnt/data/{n}.png')\n    plt.close()\n"
        "plt.plot([1])\nplt.close()"
    )
    assert shown(report) == [("image/png", None)] * 3
    assert [file.size > 1000 for file in report.files] == [True] * 3


def test_a_figure_that_changes_is_shown_again(kernel: Kernel) -> None:
    """In the run that changes it; until then, not even by `plt.show()`."""
    assert shown(kernel.report(AGG + AXES)) == [("image/png", "T")]
    assert shown(kernel.report("plt.show()")) == []
    assert shown(kernel.report("ax.set_title('U');")) == [("image/png", "U")]
    assert shown(kernel.report("fig.show()")) == [("image/png", "U")]
    assert shown(kernel.report("fig.savefig('/mnt/data/saved.png')\nprint(len(plt.get_fignums()))")) == []


def test_a_figure_without_pyplot(kernel: Kernel) -> None:
    """It is shown although IPython has no formatter for it under this backend."""
    code = "from matplotlib.figure import Figure\nfigure = Figure()\nfigure.subplots().set_title('T')\nfigure"
    assert shown(kernel.report(AGG + code)) == [("image/png", "T")]


def test_a_figure_that_cannot_be_drawn(kernel: Kernel) -> None:
    """The reason is in stderr, and other figures are shown."""
    report = kernel.report(AGG + "plt.title('$\\\\frac{$')\nplt.figure(figsize=(1, 1))\nplt.plot([1])\nplt.title('T');")
    assert [output.title for output in report.outputs] == ["T"]
    assert "A figure could not be drawn. ValueError(" in report.stderr


@pytest.mark.parametrize("code", ["plt.hist([1, 2])", "plt.pie([1])", "plt.boxplot([1, 2])", "plt.bar([1], [2])",
                                  "pd.DataFrame({'a': [1, 2], 'b': [1, 2]}).hist()", "pd.Series([1, 2]).plot()",
                                  "pd.DataFrame({'a': [1, 2], 'k': [1, 2]}).groupby('k').plot()"])  # fmt: skip
def test_the_return_value_of_a_plot_is_not_a_result(used_kernel: Kernel, code: str) -> None:
    """Lines, axes and containers are of no use to the caller."""
    report = used_kernel.report(f"import matplotlib.pyplot as plt, pandas as pd\n{code}")
    assert (report.result, report.has_value) == ("", False)
    assert {output.content_type for output in report.outputs} == {"image/png"}


def test_data_beside_a_figure_is_a_result(used_kernel: Kernel) -> None:
    """It would be lost otherwise."""
    report = used_kernel.report(
        "import matplotlib.pyplot as plt\nfig = plt.figure()\nplt.plot([1])\nplt.show()\n(fig, 42)"
    )
    assert report.value[1] == 42


def test_a_dictionary_of_frames_is_a_table_for_each(used_kernel: Kernel) -> None:
    """As `read_excel` returns the sheets of a workbook. Each has the key as its title."""
    report = used_kernel.report(
        "import pandas as pd\n{'North': pd.DataFrame({'a': [1]}), 'South': pd.DataFrame({'b': [2]}), 'n': 1}"
    )
    assert shown(report) == [
        ("text/html", "North"), ("application/json", "North"), ("text/html", "South"), ("application/json", "South"),
    ]  # fmt: skip
    assert json.loads(report.outputs[3].content or "")["rows"] == [[2]]
    assert report.value == {"North": [{"a": 1}], "South": [{"b": 2}], "n": 1}
    assert [output.title for output in used_kernel.report("[pd.DataFrame({'a': [1]})] * 2").outputs] == [None] * 4


PAGE = "class Page:\n  def __init__(self, page): self.page = page\n  def _repr_html_(self): return self.page\n"


def test_a_long_page_that_repeats_the_text_is_omitted(used_kernel: Kernel) -> None:
    """As of scikit-learn's estimators. The text is kept."""
    report = used_kernel.report("from sklearn.linear_model import LinearRegression\nLinearRegression()")
    assert (report.result, report.outputs) == ("LinearRegression()", [])
    (output,) = used_kernel.report("display(LinearRegression())").outputs
    assert (output.content_type, output.content) == ("text/plain", "LinearRegression()")


def test_other_pages_are_kept(used_kernel: Kernel) -> None:
    """Short ones, ones without styles, and those of objects without a text of their own, which is no result then."""
    report = used_kernel.report(PAGE + "Page('<style></style>' + 'x' * 20_000)")
    assert (shown(report), report.result) == ([("text/html", None)], "")
    with_text = "Page.__repr__ = lambda self: 'a page'\n"
    for page in ("'x' * 20_000", "'<style></style>'"):
        report = used_kernel.report(f"{with_text}Page({page})")
        assert (shown(report), report.result) == ([("text/html", None)], "a page")


NOISE = (
    "import numpy as np\nnoise = Image.fromarray(np.random.default_rng(1).integers(0, 255, (400, 600, 3), 'uint8'))\n"
)


def test_a_large_first_image_has_a_smaller_rendering(used_kernel: Kernel) -> None:
    """At the same size if that is enough, of the same type, and only of the first. The file has the original."""
    report = used_kernel.report(
        "import matplotlib.pyplot as plt, numpy as np\nplt.figure(figsize=(12, 8), dpi=150)\n"
        "plt.plot(np.random.default_rng(1).normal(size=(300, 4)).cumsum(0))\nplt.show()\n" + PILLOW + NOISE + "noise",
        "large",
        max_characters=10_000_000,
    )
    first, second = report.outputs
    data = base64.b64decode(first.content or "")
    assert used_kernel.file("large", "output-1.png") == data and len(first.content or "") > MAX_IMAGE_CHARACTERS
    assert first.reduced_content and len(first.reduced_content) <= MAX_IMAGE_CHARACTERS
    original, reduced = Image.open(io.BytesIO(data)), Image.open(io.BytesIO(base64.b64decode(first.reduced_content)))
    assert reduced.format == "PNG" and reduced.width * 2 > original.width
    assert second.reduced_content is None


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_an_image_that_a_palette_cannot_reduce_is_scaled(used_kernel: Kernel, kind: str) -> None:
    """It keeps its type."""
    report = used_kernel.report(
        PILLOW + NOISE + "import io\nfrom IPython import display as d\nfile = io.BytesIO()\n"
        f"noise.save(file, '{kind}', quality=100)\nd.Image(data=file.getvalue(), format='{kind.lower()}')",
        max_characters=10_000_000,
    )
    (output,) = report.outputs
    assert output.reduced_content and len(output.reduced_content) <= MAX_IMAGE_CHARACTERS
    reduced = Image.open(io.BytesIO(base64.b64decode(output.reduced_content)))
    assert reduced.format == kind and reduced.width < 600 and abs(reduced.width / reduced.height - 1.5) < 0.05


def test_a_large_image_that_is_not_valid(used_kernel: Kernel) -> None:
    """There is no smaller rendering, and no error."""
    report = used_kernel.report("display({'image/png': b'x' * 100_000}, raw=True)")
    (output,) = report.outputs
    assert shown(report) == [("image/png", None)] and output.reduced_content is None


def test_many_outputs_are_stored(kernel: Kernel) -> None:
    """A hundred are listed, and a thousand stored. The others are counted."""
    report = kernel.report("for n in range(1050): display({'text/html': str(n)}, raw=True)", "many")
    assert [output.content for output in report.outputs] == [str(n) for n in range(100)]
    assert report.omitted == {"outputs": 950, "unstoredOutputs": 50}
    assert kernel.file("many", "output-1000.html") == b"999" and kernel.file("many", "output-1001.html") is None


def test_a_display_that_is_cleared_is_not_counted(used_kernel: Kernel) -> None:
    """An animation has one output, however long it is."""
    report = used_kernel.report(
        "from IPython.display import clear_output\nfor n in range(1200):\n  clear_output(wait=True)\n"
        "  display({'text/html': str(n)}, raw=True)"
    )
    assert ([output.content for output in report.outputs], report.omitted) == (["1199"], {})


def test_cells_and_contents_are_valid_text(used_kernel: Kernel) -> None:
    """They can be encoded, whatever the code displays."""
    report = used_kernel.report(
        "display({'text/html': 'a\\ud800', 'application/json': {'x': '\\ud83d\\ude00'}}, raw=True)"
    )
    assert [output.content for output in report.outputs] == ["a\ufffd", '{"x": "\U0001f600"}']


@pytest.mark.parametrize(("title", "expected"), [("{'text': 'T'}", "T"), ("{'text': 1}", None), ("'T'", None)])
def test_a_figure_of_plotly_has_its_title(used_kernel: Kernel, title: str, expected: str | None) -> None:
    """Plotly's `show` displays JSON, not an object."""
    kind = "application/vnd.plotly.v1+json"
    code = f"display({{'{kind}': {{'data': [], 'layout': {{'title': {title}}}}}}}, raw=True)"
    assert shown(used_kernel.report(code, f"plotly-{expected}-{len(title)}")) == [(kind, expected)]

"""What a run has returned, as the page shows it."""

import base64
import csv
import io
import json
import re
import zipfile
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from tests.connector.playground.running import run, start

TABLE = """import pandas as pd
pd.DataFrame(
    {"city": ["Houston", "Austin", None], "sales": [9, 83412, 512], "share": [0.1 + 0.2, None, -1.5],
     "note": ["=1+1", 'say "hi", twice', "-2.5"]},
    index=pd.Index(["p", "q", "r"], name="key"),
)"""
CHART = """import matplotlib.pyplot as plt
plt.plot([1, 3, 2])
plt.title("Homes sold")
plt.show()"""


def ask_for_short_responses(page: Page) -> None:
    """From now on, the connector omits what would make responses long, as it also does when they would be too long."""

    def shorten(route: Route) -> None:
        request = route.request
        body = request.post_data and request.post_data.replace('"always"', '"auto"')
        route.continue_(url=request.url.replace("=always", "=auto"), post_data=body)

    page.route("**/executions*", shorten)
    page.route("**/executions/*", shorten)


def column(table: Locator, number: int) -> list[str]:
    return table.locator(f"tbody td:nth-child({number})").all_inner_texts()


def test_a_run_shows_what_it_printed_and_returned(page: Page) -> None:
    """stdout and stderr are apart, and the value of the last line follows."""
    results = run(page, "import sys\nprint('out')\nprint('err', file=sys.stderr)\n{'answer': 42}")
    expect(results.get_by_role("group", name="Printed", exact=True).locator("growing-text")).to_have_text("out\n")
    expect(results.get_by_role("group", name="Error output", exact=True).locator("growing-text")).to_have_text("err\n")
    expect(results.get_by_role("group", name="Result", exact=True).locator("pre")).to_have_text('{"answer": 42}')
    expect(results.get_by_text(re.compile(r"^in \d+\.\d\d s$"))).to_be_visible()


@pytest.mark.browser
def test_a_data_frame_is_one_table(page: Page) -> None:
    """It is not repeated as HTML, JSON and text; its index is kept, and what is missing is none."""
    results = run(page, TABLE)
    expect(results.get_by_text("1 table", exact=True)).to_be_visible()
    table = results.get_by_role("table")
    expect(table).to_have_count(1)
    assert table.get_by_role("columnheader").all_inner_texts() == ["key", "city", "sales", "share", "note"]
    assert table.get_by_role("row").nth(3).get_by_role("cell").all_inner_texts() == ["r", "none", "512", "-1.5", "-2.5"]
    expect(results.get_by_text("3 rows, 5 columns")).to_be_visible()
    expect(results.get_by_text("Result", exact=True)).to_have_count(0)
    expect(results.locator("iframe")).to_have_count(0)


@pytest.mark.browser
def test_data_frames_of_a_dictionary_are_tables_with_titles(page: Page) -> None:
    """Each has its key as its title, and the dictionary is not repeated."""
    results = run(page, "import pandas as pd\n{'north': pd.DataFrame({'a': [1]}), 'south': pd.DataFrame({'b': [2]})}")
    expect(results.get_by_role("heading", name="Table: north")).to_be_visible()
    expect(results.get_by_role("heading", name="Table: south")).to_be_visible()
    expect(results.get_by_role("table")).to_have_count(2)
    expect(results.get_by_role("heading", name="Result", exact=True)).to_have_count(0)


@pytest.mark.browser
def test_records_are_a_table(page: Page) -> None:
    """A series with labels, or a list of objects with the same members, is shown as rows."""
    results = run(page, "import pandas as pd\npd.Series([3, 1], index=['x', 'y'], name='n')")
    expect(results.get_by_role("table")).to_have_count(1)
    assert column(results.get_by_role("table"), 2) == ["3", "1"]


@pytest.mark.browser
@pytest.mark.parametrize("by", ["mouse", "keyboard"])
def test_a_table_is_sorted(page: Page, by: str) -> None:
    """A column head sorts upward, downward, and not at all; what is missing is last; the focus stays."""
    results = run(page, TABLE)
    head = results.get_by_role("columnheader", name="sales")
    button = head.get_by_role("button")
    orders = [["9", "512", "83412"], ["83412", "512", "9"], ["9", "83412", "512"]]
    for direction, order in zip(("ascending", "descending", "none"), orders, strict=True):
        if by == "mouse":
            button.click()
        else:
            button.press("Enter")
            expect(button).to_be_focused()
        expect(head).to_have_attribute("aria-sort", direction)
        assert column(results.get_by_role("table"), 3) == order
    for _ in range(2):
        results.get_by_role("columnheader", name="share").get_by_role("button").click()
        assert column(results.get_by_role("table"), 4)[-1] == "none"


@pytest.mark.browser
def test_a_table_is_saved_as_csv(page: Page) -> None:
    """Its rows are all there, quoted, and text that is like a formula has an apostrophe before it."""
    results = run(page, TABLE)
    with page.expect_download() as download:
        results.get_by_role("button", name="CSV").click()
    text = Path(download.value.path()).read_text("utf-8-sig")
    assert list(csv.reader(io.StringIO(text))) == [
        ["key", "city", "sales", "share", "note"],
        ["p", "Houston", "9", "0.30000000000000004", "'=1+1"],
        ["q", "Austin", "83412", "", 'say "hi", twice'],
        ["r", "", "512", "-1.5", "-2.5"],
    ]


@pytest.mark.browser
def test_fractions_are_rounded(page: Page) -> None:
    """To six decimals, or six digits if they are small; what was rounded can be read by pointing at it."""
    table = run(page, "import pandas as pd\npd.DataFrame({'a': [1 / 3, 1 / 7e5, 0.1 + 0.2]})").get_by_role("table")
    cells = table.locator("tbody td")
    assert cells.all_inner_texts() == ["0.333333", "0.00000142857", "0.3"]
    expect(cells.nth(0)).to_have_attribute("title", "0.333333333333")
    assert cells.nth(2).get_attribute("title") is None


@pytest.mark.browser
def test_an_image_is_not_repeated_in_words(page: Page) -> None:
    """The value of the last line has a name in Python that says less than the image."""
    results = run(page, "from PIL import Image\nImage.new('RGB', (40, 30))")
    expect(results.get_by_role("img")).to_be_visible()
    expect(results.get_by_role("group", name="Result", exact=True)).to_have_count(0)


@pytest.mark.browser
def test_a_large_table_is_loaded_from_its_file(page: Page) -> None:
    """The response omits it; the page gets it when it comes into view, and says how many rows there are."""
    ask_for_short_responses(page)
    code = "import pandas as pd, numpy as np\npd.DataFrame(np.arange(60000).reshape(3000, 20) / 7)"
    results = run(page, code)
    expect(results.get_by_text("400 of 3,000 rows, 20 columns")).to_be_visible(timeout=15_000)
    results.get_by_role("button", name="Show more rows").click()
    expect(results.get_by_text("1,000 of 3,000 rows, 20 columns")).to_be_visible()
    expect(results.get_by_text("The run returned the first 1,000 rows.")).to_be_visible()


@pytest.mark.browser
def test_a_figure_is_shown_zoomed_and_saved(page: Page) -> None:
    """Its title is its alternative text; Esc closes the dialog, and the focus returns."""
    results = run(page, CHART)
    image = results.get_by_role("img", name="Homes sold")
    expect(image).to_be_visible()
    with page.expect_download() as download:
        results.get_by_role("button", name="Save").click()
    assert Path(download.value.path()).read_bytes().startswith(b"\x89PNG")
    zoom = results.get_by_role("button", name="Zoom")
    zoom.click()
    dialog = page.get_by_role("dialog", name="Homes sold")
    enlarged = dialog.get_by_role("img", name="Homes sold")
    before = enlarged.bounding_box()
    page.keyboard.press("+")
    dialog.get_by_role("button", name="Larger").click()
    after = enlarged.bounding_box()
    assert before and after and after["width"] == pytest.approx(before["width"] * 1.5625, rel=0.01)
    dialog.get_by_role("button", name="Fit").click()
    assert enlarged.bounding_box() == before
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(zoom).to_be_focused()


@pytest.mark.browser
def test_a_reduced_figure_is_zoomed_as_the_original(page: Page) -> None:
    """The response has a smaller rendering of a large image; the dialog and the saved file have all of its pixels."""
    ask_for_short_responses(page)
    code = """import numpy as np, matplotlib.pyplot as plt
plt.figure(figsize=(10, 10))
plt.imshow(np.random.default_rng(1).random((900, 900, 3)))
plt.title("Noise")
plt.show()"""
    results = run(page, code)
    expect(results.get_by_text("smaller than the original")).to_be_visible()
    results.get_by_role("button", name="Zoom").click()
    enlarged = page.get_by_role("dialog").get_by_role("img", name="Noise")
    with page.expect_download() as download:
        page.get_by_role("dialog").get_by_role("button", name="Save").click()
    original = Path(download.value.path()).read_bytes()
    assert len(original) > 200_000
    expect(enlarged).to_have_attribute("src", f"data:image/png;base64,{base64.b64encode(original).decode()}")


@pytest.mark.browser
def test_large_outputs_are_loaded_from_their_files(page: Page) -> None:
    """What the response omits is loaded when it comes into view; very large HTML waits to be asked for."""
    ask_for_short_responses(page)
    code = """from IPython.display import HTML, Markdown, display
display(Markdown("word " * 30_000))
display(HTML("<p>first</p><!--" + "x" * 100_000 + "-->"))
display(HTML("<p>second</p><!--" + "x" * 4_000_000 + "-->"))"""
    results = run(page, code)
    expect(results.get_by_role("group", name="Markdown", exact=True).locator("growing-text")).to_contain_text(
        "word word"
    )
    frame = results.locator("user-html iframe").first
    frame.scroll_into_view_if_needed()
    expect(frame.content_frame.get_by_text("first")).to_be_visible()
    expect(results.get_by_text("It is large: 4.0 MB.")).to_be_visible()
    results.get_by_role("button", name="Load").click()
    results.get_by_role("button", name="Show", exact=True).click()
    expect(results.locator("user-html iframe").last.content_frame.get_by_text("second")).to_be_visible()


@pytest.mark.browser
def test_an_error_leads_to_its_line(page: Page) -> None:
    """It has name, message, line and hint; the link moves into the editor; the traceback is folded."""
    results = run(page, "import pandas as pd\ntable = pd.DataFrame({'sales': [1]})\ntable['sale']")
    error = results.get_by_role("group", name="Error", exact=True)
    expect(error).to_contain_text("KeyError: 'sale'")
    expect(error).to_contain_text("In line 3: table['sale']")
    expect(error).to_contain_text("'sales'")
    expect(results.get_by_role("heading", name="Error output")).to_have_count(0)
    expect(error.locator("growing-text").first).to_be_hidden()
    error.get_by_text("Traceback your own lines").click()
    expect(error.locator("growing-text").first).to_contain_text("Cell In[")
    error.get_by_role("button", name="line 3").click()
    editor = page.get_by_role("textbox", name="Python code")
    expect(editor).to_be_focused()
    selected = "(field) => field.value.slice(field.selectionStart, field.selectionEnd)"
    assert editor.evaluate(selected) == "table['sale']"


@pytest.mark.browser
def test_output_grows_under_the_reader(page: Page) -> None:
    """It follows the end for readers at the end; for others, neither the place nor the selection changes."""
    code = """import time
for number in range(400):
    print("line", number, flush=True)
    time.sleep(0.02)"""
    start(page, code)
    text = page.get_by_role("group", name="Printed", exact=True).locator("growing-text")
    expect(text).to_contain_text("line 100\n", timeout=20_000)
    at_end = "(element) => element.scrollTop + element.clientHeight >= element.scrollHeight - 8"
    assert text.evaluate(at_end)
    text.evaluate("""(element) => {
      element.scrollTop = 40;
      getSelection().setBaseAndExtent(element.firstChild.firstChild, 0, element.firstChild.firstChild, 6);
    }""")
    expect(text).to_contain_text("line 399\n", timeout=30_000)
    assert text.evaluate("(element) => element.scrollTop") == 40
    assert page.evaluate("() => String(getSelection())") == "line 0"
    assert text.inner_text().split("\n")[:3] == ["line 0", "line 1", "line 2"]


@pytest.mark.browser
def test_very_long_output_is_fast(page: Page) -> None:
    """A million characters are shown in less than two seconds, and copied as they are."""
    results = run(page, "print('\\n'.join('row %06d ' % n + 'x' * 40 for n in range(19_000)))")
    text = results.get_by_role("group", name="Printed", exact=True).locator("growing-text")
    expect(text).to_contain_text("row 018999")
    seconds = text.evaluate("""async (element) => {
      const start = performance.now();
      element.text = `${element.text}one more line\\n`;
      element.scrollTop = element.scrollHeight;
      await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
      return (performance.now() - start) / 1000;
    }""")
    assert seconds < 2
    results.get_by_role("group", name="Printed").get_by_role("button", name="Copy").first.click()
    copied = page.evaluate("() => navigator.clipboard.readText()")
    assert len(copied) == 19_000 * 52 and copied.startswith("row 000000 ")


@pytest.mark.browser
def test_truncated_text_says_so(page: Page) -> None:
    """A line below the status names what is truncated, and how to get all of it."""
    results = run(page, "print('x' * 3_000_000)")
    expect(
        results.get_by_text(
            "The printed text is longer than a run can return. To get all of it, have the code write it to a file."
        )
    ).to_be_visible()


@pytest.mark.browser
def test_runs_are_chosen_by_mouse_and_keyboard(page: Page) -> None:
    """Each has its number and state; the arrow keys move among them."""
    run(page, "print('first')")
    results = run(page, "1 / 0")
    runs = results.get_by_role("toolbar", name="Runs")
    expect(runs.get_by_role("button", name="Run 2, failed")).to_have_attribute("aria-current", "true")
    runs.get_by_role("button", name="Run 1, succeeded").click()
    expect(results.get_by_role("group", name="Printed", exact=True).locator("growing-text")).to_have_text("first\n")
    page.keyboard.press("ArrowRight")
    expect(runs.get_by_role("button", name="Run 2, failed")).to_be_focused()
    expect(results.get_by_role("group", name="Error", exact=True)).to_contain_text("division by zero")


@pytest.mark.browser
def test_a_run_is_copied_and_saved(page: Page) -> None:
    """Its menu has the JSON that the connector returned, the code, and all outputs as one archive."""
    results = run(page, f"{CHART}\n{TABLE}")
    results.get_by_role("button", name="More for run 1").click()
    page.get_by_role("button", name="Copy the result as JSON").click()
    page.wait_for_function("async () => (await navigator.clipboard.readText()).startsWith('{')")
    execution = json.loads(page.evaluate("() => navigator.clipboard.readText()"))
    assert execution["status"] == "Succeeded"
    results.get_by_role("button", name="More for run 1").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Save all outputs").click()
    with zipfile.ZipFile(download.value.path()) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == [output["fileName"] for output in execution["outputs"]]
        assert archive.read(archive.namelist()[0]).startswith(b"\x89PNG")


@pytest.mark.browser
def test_files_of_a_run_are_links(page: Page) -> None:
    """They are named with their change and size, previewed with a click, and downloaded with another."""
    results = run(page, "import os\nos.makedirs('year', exist_ok=True)\nopen('year/a.csv', 'w').write('a,b\\n')")
    files = results.get_by_role("group", name="Files of this run")
    expect(files).to_contain_text("created, 4 B")
    with page.expect_download() as download:
        files.get_by_role("button", name="Download year/a.csv").click()
    assert Path(download.value.path()).read_bytes() == b"a,b\n"
    files.get_by_role("button", name="year/a.csv", exact=True).click()
    expect(page.get_by_role("dialog")).to_contain_text("a.csv")


@pytest.mark.browser
def test_html_is_drawn_in_a_frame_of_its_height(page: Page) -> None:
    """Scripts and styles in it run, as charts of libraries need; a complete document is one, too."""
    html = '<div style="height:300px"><script>document.write(6*7)</script></div>'
    results = run(page, f"from IPython.display import HTML\nHTML({html!r})")
    frame = results.locator("user-html iframe")
    expect(frame.content_frame.get_by_text("42")).to_be_visible()
    expect(frame).to_have_css("height", "316px")
    document = (
        "<!doctype html><html><head><title>t</title><style>p {color: red}</style></head><body><p>red</p></body></html>"
    )
    results = run(page, f"from IPython.display import HTML\nHTML({document!r})")
    paragraph = results.locator("user-html iframe").content_frame.get_by_text("red")
    expect(paragraph).to_have_css("color", "rgb(255, 0, 0)")


@pytest.mark.browser
def test_what_browsers_do_not_show_is_saved(page: Page) -> None:
    """Audio, PDF and other data are offered as files, and never opened."""
    code = """from IPython.display import display
display({"application/pdf": b"%PDF-1.7 x"}, raw=True)"""
    results = run(page, code)
    expect(results.get_by_text("output-1.pdf, application/pdf. Save it to open it.")).to_be_visible()
    with page.expect_download() as download:
        results.get_by_role("button", name="Save").click()
    assert Path(download.value.path()).read_bytes() == b"%PDF-1.7 x"


@pytest.mark.browser
def test_before_the_first_run_there_are_examples(page: Page) -> None:
    """One click starts one."""
    results = page.get_by_role("region", name="Results", exact=True)
    expect(results.get_by_role("heading", name="Nothing has run yet")).to_be_visible()
    expect(results.get_by_role("listitem")).to_have_count(3)
    results.get_by_role("button", name="A run that fails").click()
    expect(results.get_by_role("group", name="Error", exact=True)).to_be_visible(timeout=30_000)


@pytest.mark.browser
def test_a_canceled_run_is_no_error(page: Page) -> None:
    """It has the line at which it was canceled, what it had printed, and no traceback among its error output."""
    code = "import sys, time\nprint('begun', flush=True)\nprint('noted', file=sys.stderr)\ntime.sleep(60)"
    results = start(page, code)
    expect(results.get_by_role("group", name="Printed").locator("growing-text")).to_contain_text(
        "begun", timeout=20_000
    )
    page.get_by_role("region", name="Code").get_by_role("button", name="Cancel").click()
    expect(results.get_by_text("Canceled", exact=True)).to_be_visible(timeout=20_000)
    expect(results.get_by_role("group", name="Where it was canceled")).to_contain_text("In line 4: time.sleep(60)")
    expect(results.get_by_role("group", name="Error output", exact=True).locator("growing-text")).to_have_text(
        "noted\n"
    )


@pytest.mark.browser
def test_a_refused_run_has_a_request_id(page: Page) -> None:
    """The connector's message states what is wrong; its log has the ID, which can be copied."""
    results = run(page, "#" * 270_000)
    expect(results.get_by_text("Not run")).to_be_visible()
    expect(results.get_by_text("pythonCode has 270,000 characters. Send at most 262,144.")).to_be_visible()
    results.get_by_role("button", name="Copy the request ID").click()
    expect(results.get_by_role("button", name="Copy the request ID")).to_have_attribute("data-outcome", "copied")
    assert page.evaluate("() => navigator.clipboard.readText()") == results.locator(".request-id code").inner_text()


@pytest.mark.browser
def test_the_chosen_run_is_in_view(page: Page) -> None:
    """Where there are more runs than fit, their row scrolls."""
    for number in range(12):
        results = run(page, f"print({number})")
    chips = results.get_by_role("toolbar", name="Runs").get_by_role("button")
    expect(chips.nth(11)).to_be_in_viewport(ratio=1)
    chips.nth(11).press("Home")
    expect(chips.nth(0)).to_be_focused()
    expect(chips.nth(0)).to_be_in_viewport(ratio=1)

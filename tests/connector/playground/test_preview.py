"""Previews: a file is shown in the form that fits."""

import io
import re
import struct
import zipfile
import zlib
from datetime import datetime

import openpyxl
import pytest
from playwright.sync_api import Locator, Page, expect

from tests.conftest import Api
from tests.connector.playground.conftest import Complaints
from tests.connector.playground.files import row, upload, upload_named

pytestmark = pytest.mark.browser


def _preview(page: Page, name: str, content: bytes | str) -> Locator:
    """Uploads a file, and opens it."""
    upload_named(page, {name: content})
    row(page, name).click()
    return page.get_by_role("dialog", name=name)


def _cells(dialog: Locator) -> list[list[str]]:
    expect(dialog.get_by_role("table")).to_be_visible()
    cells: list[list[str]] = dialog.get_by_role("table").evaluate(
        "(table) => [...table.rows].map((row) => [...row.cells].map((cell) => cell.textContent.trim()))"
    )
    return cells


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("comma.csv", "Stadt,Größe\nKöln,7\n".encode()),
        ("semicolon.csv", "Stadt;Größe\nKöln;7\n".encode("windows-1252")),
        ("tab.tsv", "Stadt\tGröße\nKöln\t7\n".encode("utf-8-sig")),
        ("utf-16.csv", "Stadt,Größe\nKöln,7\n".encode("utf-16")),
        ("without mark.csv", "Stadt,Größe\nKöln,7\n".encode("utf-16-le")),
    ],
)
def test_csv_is_a_table(page: Page, name: str, content: bytes) -> None:
    """The delimiter and the encoding of CSV are recognized."""
    dialog = _preview(page, name, content)
    assert _cells(dialog) == [["Stadt", "Größe"], ["Köln", "7"]]
    expect(dialog).to_contain_text("1 row, 2 columns")
    dialog.get_by_role("button", name="Text").click()
    expect(dialog.get_by_role("region", name=f"Content of {name}")).to_contain_text("Köln")


def test_the_beginning_of_a_large_csv_is_shown(page: Page) -> None:
    """Of a large file, the beginning is read and 500 rows are shown; the dialog says so."""
    content = "number,text\n" + "".join(f"{number},{'x' * 50}\n" for number in range(20_000))
    with page.expect_response(lambda response: "/content" in response.url) as answer:
        dialog = _preview(page, "large.csv", content)
    assert answer.value.status == 206
    expect(dialog).to_contain_text("The first 256 KB of 1.1 MB.")
    expect(dialog).to_contain_text("500 rows")
    rows = _cells(dialog)
    assert rows[-1] == ["499", "x" * 50]


def test_excel_is_a_table_for_each_sheet(page: Page) -> None:
    """The sheets of an Excel file are shown one at a time, with numbers, dates and empty cells."""
    book = openpyxl.Workbook()
    first = book.active
    assert first is not None
    first.title = "Sales"
    first.append(["city", "sold", "since"])
    first.append(["Köln", 7.5, datetime(2026, 11, 21)])
    first.append(["Bonn", None, datetime(2026, 11, 21, 5, 30)])
    book.create_sheet("More <b>").append(["alone"])
    stream = io.BytesIO()
    book.save(stream)
    dialog = _preview(page, "sales.xlsx", stream.getvalue())
    assert _cells(dialog) == [
        ["city", "sold", "since"],
        ["Köln", "7.5", "2026-11-21"],
        ["Bonn", "none", "2026-11-21 05:30:00"],
    ]
    dialog.get_by_role("button", name="More <b>").click()
    expect(dialog.get_by_role("columnheader", name="alone")).to_be_visible()


def test_a_broken_excel_file_says_so(page: Page) -> None:
    """A file that is no Excel file although its name says so can be downloaded all the same."""
    dialog = _preview(page, "broken.xlsx", b"PK\x03\x04 but nothing else")
    expect(dialog).to_contain_text("cannot be read")
    expect(dialog.get_by_role("button", name="Download")).to_be_visible()


def test_a_long_excel_file_is_a_table(page: Page) -> None:
    """Also one whose sheet is so large that libraries would unpack it in a worker, which the policy refuses."""
    workbook = openpyxl.Workbook(write_only=True)
    sheet = workbook.create_sheet("Long")
    sheet.append(["number", "half"])
    for number in range(12_000):
        sheet.append([number, number / 2])
    content = io.BytesIO()
    workbook.save(content)
    expect(_preview(page, "long.xlsx", content.getvalue())).to_contain_text("500 of 12,000 rows")


@pytest.mark.parametrize("attack", ["a cell that is far away", "a sheet that is large when unpacked"])
def test_an_excel_file_cannot_take_all_memory(page: Page, attack: str) -> None:
    """What it would take is found out before it is read, whatever the file says about its sizes."""
    is_far = attack == "a cell that is far away"
    workbook = openpyxl.Workbook()
    workbook.active["XFD1048576" if is_far else "A1"] = 1
    original, attacking = io.BytesIO(), io.BytesIO()
    workbook.save(original)
    with zipfile.ZipFile(original) as source, zipfile.ZipFile(attacking, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            spaces = b"" if is_far or "sheet1.xml" not in name else b" " * 200_000_000
            target.writestr(name, source.read(name) + spaces)
        for entry in target.infolist():
            entry.file_size = 1
    expect(_preview(page, "attack.xlsx", attacking.getvalue())).to_contain_text("too large for a preview")


def test_json_without_an_end_is_shown(page: Page) -> None:
    """Nesting that nobody reads is not indented."""
    dialog = _preview(page, "deep.json", "[" * 100_000 + "]" * 100_000)
    content = dialog.get_by_role("region", name="Content of deep.json")
    expect(content).to_have_js_property("textContent", "[" * 100_000 + "]" * 100_000)


def test_json_is_indented(page: Page) -> None:
    """JSON is indented, what is short stays on one line, and numbers have all of their digits."""
    content = '{"id":12345678901234567890,"deep":{"list":[1,"a,b:[]"],"none":{}},"name":"' + 40 * "n" + '"}'
    dialog = _preview(page, "data.json", content)
    lines = [
        "{",
        '  "id": 12345678901234567890,',
        '  "deep": {"list": [1, "a,b:[]"], "none": {}},',
        f'  "name": "{40 * "n"}"',
        "}",
    ]
    text = dialog.get_by_role("region", name="Content of data.json")
    expect(text).to_contain_text("\n".join(lines), use_inner_text=True)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("list.json", '[{"city": "Köln", "sold": 7}, {"city": "Bonn"}]'),
        ("lines.jsonl", '{"city": "Köln", "sold": 7}\n{"city": "Bonn"}\n'),
    ],
)
def test_json_objects_are_a_table(page: Page, name: str, content: str) -> None:
    """An array of objects without depth is a table; so are the objects of JSON Lines."""
    assert _cells(_preview(page, name, content)) == [["city", "sold"], ["Köln", "7"], ["Bonn", "none"]]


def test_a_reader_that_does_not_arrive(page: Page) -> None:
    """The library that reads a kind of file is loaded when it is needed. If that fails, the dialog says so."""
    page.route(re.compile(r"/csv[^/]*\.js$"), lambda route: route.abort())
    expect(_preview(page, "data.csv", "a,b\n1,2\n")).to_contain_text("The connector is not responding.")


def test_wrong_json_is_shown_as_it_is(page: Page) -> None:
    """What is not JSON is shown as text, with a word about it."""
    dialog = _preview(page, "wrong.json", '{"a": ')
    expect(dialog).to_contain_text("This is not valid JSON.")
    expect(dialog.get_by_role("region", name="Content of wrong.json")).to_have_text('{"a": ')


@pytest.mark.parametrize("name", ["notes.txt", "program.py", "README", "markup.md"])
def test_text_is_shown_as_it_is(page: Page, name: str) -> None:
    """Text is text, whatever is in it."""
    content = "<script>alert(1)</script>\n    indented"
    dialog = _preview(page, name, content)
    expect(dialog.get_by_role("region", name=f"Content of {name}")).to_have_text(content)


def test_binary_files_have_no_preview(page: Page) -> None:
    """A file that is no text can be downloaded."""
    dialog = _preview(page, "data.parquet", b"PAR1" + bytes(range(256)) * 10)
    expect(dialog).to_contain_text("There is no preview for this kind of file.")
    with page.expect_download() as download:
        dialog.get_by_role("button", name="Download").click()
    assert download.value.suggested_filename == "data.parquet"


def test_an_empty_file_says_so(page: Page) -> None:
    """An empty file is not read at all."""
    expect(_preview(page, "empty.txt", b"")).to_contain_text("The file is empty.")


def test_an_image_is_shown(page: Page) -> None:
    """An image is drawn, and its address is given up when the dialog is closed."""
    dialog = _preview(page, "dot.png", _png())
    image = dialog.get_by_role("img", name="Content of dot.png")
    expect(image).to_have_js_property("naturalWidth", 2)
    address = image.get_attribute("src")
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(row(page, "dot.png")).to_be_focused()
    fetched = page.evaluate(
        "(address) => new Promise((resolve) => {const image = new Image(); image.onload = () => "
        "resolve(true); image.onerror = () => resolve(false); image.src = address;})",
        address,
    )
    assert fetched is False


def test_a_broken_image_says_so(page: Page) -> None:
    """An image that browsers cannot draw is not shown as a broken one."""
    expect(_preview(page, "broken.png", b"no image")).to_contain_text("This image cannot be shown.")


def test_an_svg_runs_nothing(page: Page) -> None:
    """An SVG is drawn as an image, in which scripts do not run."""
    svg = """<svg xmlns="http://www.w3.org/2000/svg" width="20" height="20" onload="parent.hacked = 1">
      <script>parent.hacked = 1; fetch("/api/health")</script><circle cx="10" cy="10" r="8"/></svg>"""
    dialog = _preview(page, "drawing.svg", svg)
    expect(dialog.get_by_role("img")).to_have_js_property("naturalWidth", 20)
    assert page.evaluate("() => window.hacked") is None


def test_html_is_shown_in_the_sandbox(page: Page, complaints: Complaints) -> None:
    """HTML is shown as a page that runs its scripts and reaches nothing of ours, or as its text."""
    script = "try { parent.document.title = 'hacked' } catch { document.write('<p>kept out</p>') }"
    content = f"<h1>Report</h1><script>{script}</script>"
    dialog = _preview(page, "report.html", content)
    frame = dialog.frame_locator("iframe")
    expect(frame.get_by_role("heading", name="Report")).to_be_visible()
    expect(frame.get_by_text("kept out")).to_be_visible()
    dialog.get_by_role("button", name="Text").click()
    expect(dialog.get_by_role("region", name="Content of report.html")).to_have_text(content)
    assert "hacked" not in page.title()


def test_a_file_that_is_gone_says_so(page: Page, api: Api) -> None:
    """What the connector says about a file that cannot be read is in the dialog."""
    session_id = upload(page, gone_dot_txt="1")
    api.execute("import os\nos.remove('gone.txt')", session_id)
    row(page, "gone.txt").click()
    expect(page.get_by_role("dialog", name="gone.txt").get_by_role("alert")).to_contain_text("gone.txt")


def _png() -> bytes:
    """An image of 2 x 2 pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    pixels = zlib.compress(b"\0\xff\0\0\0\xff\0" * 2)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", 2, 2, 8, 2, 0, 0, 0))
        + chunk(b"IDAT", pixels)
        + chunk(b"IEND", b"")
    )

"""docs/recipes shows what the recipes return: each runs on the connector, and its page and entry are made of that."""

import io
import json
import re
import zipfile
from collections.abc import Callable

import pandas as pd
import pytest
from openpyxl import load_workbook
from PIL import Image

from connector.recipes.catalog import recipes
from recipe_pages.__main__ import FOLDER, INDEX
from recipe_pages.index import entry, readme
from recipe_pages.pages import page_name, picture_names, recipe_page
from recipe_pages.pictures import MAX_BYTES
from recipe_pages.running import DATA, MadeFile, RecipeFailed, Run, run
from tests.markdown import anchors, links

ENTRIES = {each["name"]: each for each in json.loads(INDEX.read_text(encoding="utf-8"))}
PAGES = sorted(path for path in FOLDER.glob("*.md") if path.name != "README.md")
PICTURES = sorted((FOLDER / "images").iterdir())


@pytest.fixture(scope="module")
def run_of(api) -> Callable[[str], Run]:
    """Returns what a recipe returned; each runs once."""
    runs: dict[str, Run] = {}

    def run_once(name: str) -> Run:
        if name not in runs:
            runs[name] = run(next(recipe for recipe in recipes() if recipe.name == name), api.url)
        return runs[name]

    return run_once


@pytest.mark.parametrize("recipe", recipes(), ids=lambda recipe: recipe.name)
def test_a_recipe_returns_what_its_page_shows(run_of, recipe):
    """The page and the entry of index.json are those of this run; `make recipes` writes them."""
    made = run_of(recipe.name)
    assert made.printed or made.table
    assert made.charts or made.files or made.table
    assert set(made.files) == set(recipe.creates)
    assert (FOLDER / page_name(recipe)).read_text(encoding="utf-8") == recipe_page(recipe, made)
    assert ENTRIES[recipe.name] == json.loads(json.dumps(entry(recipe, made)))
    for name in picture_names(recipe, made):
        assert FOLDER / "images" / name in PICTURES
    for chart in made.charts:
        assert colors(chart) > 10
    for name, file in made.files.items():
        assert_has_content(name, file)


def assert_has_content(name: str, file: MadeFile) -> None:
    """A file is of the type that its name says, and not empty."""
    match name.rsplit(".", 1)[-1]:
        case "png":
            assert colors(file.content) > 10
        case "pdf":
            assert file.content.startswith(b"%PDF-") and len(file.content) > 2000
        case "xlsx" | "docx" | "pptx":
            names = zipfile.ZipFile(io.BytesIO(file.content)).namelist()
            assert "[Content_Types].xml" in names
            assert {"xl/workbook.xml", "word/document.xml", "ppt/presentation.xml"} & set(names)
        case "zip":
            assert zipfile.ZipFile(io.BytesIO(file.content)).namelist()
        case "json":
            assert json.loads(file.content)
        case _:
            assert len(file.content.decode("utf-8-sig").splitlines()) > 1


def colors(png: bytes) -> int:
    """How many colors a picture has, up to 256; a blank one has one."""
    with Image.open(io.BytesIO(png)) as picture:
        return len(picture.convert("RGB").quantize(256).getcolors() or [])


def test_a_file_with_other_columns_is_no_riddle(api):
    """Recipes that need columns name those that a file lacks, and those that it has."""
    need_columns = [recipe for recipe in recipes() if "has no column" in recipe.python_code]
    assert need_columns
    session_id = api.execute(OTHER_COLUMNS)["sessionId"]
    for recipe in need_columns:
        code = recipe.python_code
        for name in recipe.files:
            code = code.replace(name, f"other.{name.rsplit('.', 1)[-1]}")
        error = api.execute(code, session_id)["error"]
        assert re.search(r"has no column .+\. It has the columns \['Item', 'Total'\]", error["message"]), recipe.name


OTHER_COLUMNS = """
import pandas as pd
other = pd.DataFrame({"Item": ["a"], "Total": [1]})
other.to_csv("/mnt/data/other.csv", index=False)
other.to_excel("/mnt/data/other.xlsx", sheet_name="Export", index=False)
"""


def test_the_workbook_of_quarters_computes_its_totals(run_of):
    """Its totals are formulas over the quarters of the export; numbers have formats, and a chart shows them."""
    export = pd.read_excel(DATA / "wine_sales.xlsx")
    content = run_of("quarterly_breakdown").files["quarterly_breakdown.xlsx"].content
    sheet = load_workbook(io.BytesIO(content)).active
    header, *rows, last = ([cell.value for cell in row] for row in sheet.iter_rows())
    products = header[1:-2]
    assert sorted(products) == sorted(export["Product"].unique())
    sums = [sum(row[1 : len(products) + 1]) for row in rows]
    assert sum(sums) == export["Sales (thousand litres)"].sum()
    assert [row[-2] for row in rows] == [f"=SUM(B{number}:G{number})" for number in range(2, len(rows) + 2)]
    assert last[1:-1] == [f"=SUM({column}2:{column}{len(rows) + 1})" for column in "BCDEFGH"]
    assert rows[4][-1] == "=H6/H2-1"
    assert (sheet["B2"].number_format, sheet["I6"].number_format) == ("#,##0", "0.0%")
    assert len(sheet._charts) == 1


def test_a_recipe_that_fails_is_no_page(api):
    """The error names the recipe, and what its code raised."""
    recipe = recipes()[0]
    other = type(recipe)(**{**vars(recipe), "files": (), "python_code": "raise ValueError('no such column')"})
    with pytest.raises(RecipeFailed, match=f"(?s){recipe.name} Failed: .*no such column"):
        run(other, api.url)


def test_every_recipe_has_a_page_and_an_entry():
    """There are no others, and index.json is in the order of the catalog."""
    names = [recipe.name for recipe in recipes()]
    assert list(ENTRIES) == names
    assert [path.stem for path in PAGES] == sorted(names)
    assert (FOLDER / "README.md").read_text(encoding="utf-8") == readme(recipes())


def test_links_of_the_pages_resolve():
    """Files of the repository exist, and headings of data/README.md."""
    for page in [*PAGES, FOLDER / "README.md", DATA / "README.md"]:
        text = re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
        for target in links(text):
            path, _, anchor = target.partition("#")
            if "://" not in target and path:
                file = page.parent / path
                assert file.exists(), f"{page.name}: {target}"
                assert not anchor or anchor in anchors(file.read_text(encoding="utf-8")), f"{page.name}: {target}"


def test_pictures_are_small_and_shown():
    """Each is shown on a page, has at most 60,000 bytes, and is not blank."""
    shown = {name for page in PAGES for name in re.findall(r"\]\(images/(.*?)\)", page.read_text(encoding="utf-8"))}
    assert shown == {path.name for path in PICTURES}
    for path in PICTURES:
        assert path.stat().st_size <= MAX_BYTES
        assert colors(path.read_bytes()) > 10


def test_data_is_small_used_and_documented():
    """A file has at most 300 kB, all together 2.5 MB; a recipe reads it, and README.md has a heading for it."""
    files = [path for path in DATA.iterdir() if path.name != "README.md"]
    assert max(path.stat().st_size for path in files) <= 300_000
    assert sum(path.stat().st_size for path in files) <= 2_500_000
    assert {path.name for path in files} == {name for recipe in recipes() for name in recipe.files}
    headings = re.findall(r"^## (.*)$", (DATA / "README.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert {path.name for path in files} <= set(headings)

"""Recipes with other files than those of their pages: a right answer, or a sentence that says what to do."""

import ast
import base64
import io

import pandas as pd
import pytest

from connector.recipes.catalog import recipes
from recipe_pages.running import DATA

BY_NAME = {recipe.name: recipe for recipe in recipes()}

NUMBERS = {
    "top_products_by_revenue": "Price",
    "abc_analysis": "Amount",
    "customer_segments": "Amount",
    "regional_comparison": "SalesVolume",
    "forecast_by_region": "HomesSold",
    "expense_anomalies": "FIN.TRANSACTION AMOUNT",
    "quarterly_breakdown": "Sales (thousand litres)",
    "large_csv_in_chunks": "arr_delay",
    "pdf_report": "arr_delay",
    "word_report": "arr_delay",
    "map_of_points_and_areas": "magnitude",
}
"""The column that each of these adds up or compares."""

DATES = {
    "customer_segments": "OrderDate",
    "cohort_retention": "OrderDate",
    "regional_comparison": "Month",
    "forecast_by_region": "Month",
    "expense_anomalies": "FIN.TRANSACTION DATE",
    "quarterly_breakdown": "Month",
    "pdf_report": "date",
}


def table_of(name: str) -> pd.DataFrame:
    file = DATA / BY_NAME[name].files[0]
    return pd.read_excel(file) if file.suffix == ".xlsx" else pd.read_csv(file)


@pytest.fixture(scope="module")
def answer(api):
    """Returns what a recipe returns for another file, in one session, which imports the libraries once."""
    session_id = api.execute("1")["sessionId"]

    def run_with(name: str, content: bytes):
        others = {each: (DATA / each).read_bytes() for each in BY_NAME[name].files[1:]}
        files = [
            {"fileName": each, "fileContent": base64.b64encode(data).decode()}
            for each, data in ({BY_NAME[name].files[0]: content} | others).items()
        ]
        uploaded = api.call("POST", "/files", json={"sessionId": session_id, "files": files})
        assert uploaded.ok, uploaded.text
        return api.execute(BY_NAME[name].python_code, session_id, includeContent="never")

    return run_with


def refused(result) -> str:
    """The message of a run that failed on purpose."""
    assert result["status"] == "Failed", result["stdout"]
    assert result["error"]["name"] == "ValueError", result["error"]
    return result["error"]["message"]


@pytest.mark.parametrize("name", NUMBERS)
def test_texts_in_a_column_of_numbers_are_named(answer, name):
    """They are neither joined nor left out."""
    table = table_of(name).head(200)
    table[NUMBERS[name]] = table[NUMBERS[name]].astype(object)
    table.loc[3, NUMBERS[name]] = "1,234 or so"
    message = refused(answer(name, table.to_csv(index=False).encode()))
    assert "1 texts that are no numbers, such as '1,234 or so'" in message


@pytest.mark.parametrize("name", sorted({*NUMBERS, *DATES}))
def test_no_rows_are_no_answer(answer, name):
    """A table with a header alone ends with a sentence."""
    message = refused(answer(name, table_of(name).head(0).to_csv(index=False).encode()))
    assert "no rows below its header" in message or "None of the 0 rows" in message


@pytest.mark.parametrize("name", ["regional_comparison", "expense_anomalies"])
def test_days_as_excel_counts_them_are_dates(answer, name):
    """Power Automate's "List rows present in a table" returns dates so; the answer is that of the page."""
    table = table_of(name)
    days = pd.to_datetime(table[DATES[name]], dayfirst=name == "expense_anomalies") - pd.Timestamp("1899-12-30")
    numbered = answer(name, table.assign(**{DATES[name]: days.dt.days}).to_csv(index=False).encode())
    assert numbered["status"] == "Succeeded", numbered["error"]
    assert numbered["stdout"] == answer(name, (DATA / BY_NAME[name].files[0]).read_bytes())["stdout"]


def test_a_file_of_europe_is_read(answer):
    """Semicolons, decimal commas and umlauts as Excel saves them there, and the same figures in Excel."""
    table = table_of("top_products_by_revenue")
    table["Product"] = "Prüfgerät " + table["Product"].astype(str)
    european = answer("top_products_by_revenue", table.to_csv(index=False, sep=";", decimal=",").encode("cp1252"))
    workbook = io.BytesIO()
    table.to_excel(workbook, index=False)
    assert european["stdout"] == answer("top_products_by_revenue", workbook.getvalue())["stdout"]
    assert "Prüfgerät Celestron Telescope has the highest revenue: $62,721" in european["stdout"]


READING = "".join(
    ast.unparse(node) + "\n"
    for node in ast.parse(BY_NAME["regional_comparison"].python_code).body
    if isinstance(node, ast.FunctionDef) or (isinstance(node, ast.Import) and node.names[0].name == "pandas")
)


@pytest.mark.parametrize(
    ("texts", "day_first", "read"),
    [
        (["2018-04-01", "2018-04-13"], True, "2018-04-01"),
        (["01/02/2026", "13/02/2026"], None, "2026-02-01"),
        (["01/02/2026", "02/13/2026"], None, "2026-01-02"),
        (["01.02.2026 10:00", "03.04.2026"], None, "2026-02-01"),
        (["2018-04-01", "13/02/2026"], None, "2018-04-01"),
        (["2026-01-01T23:30:00-05:00", "2026-01-01T10:00:00Z"], None, "2026-01-01"),
        (["01/02/2026", "03/04/2026"], None, "can be read in two ways"),
        (["13/02/2026", "02/13/2026"], None, "no such dates, such as '13/02/2026'"),
        (["10:30", "2026-01-01"], None, "no such dates, such as '10:30'"),
        (["31/02/2026", "01/02/2026"], None, "no such dates, such as '31/02/2026'"),
    ],
)
def test_a_date_is_read_in_one_way_or_refused(texts, day_first, read):
    """Day and month are never swapped without a word."""
    scope: dict = {}
    exec(READING, scope)
    try:
        found = scope["dates"](pd.Series(texts, name="Day"), day_first)
    except ValueError as error:
        assert read in str(error)
    else:
        assert f"{found[0]:%Y-%m-%d}" == read


def test_a_point_in_a_hole_is_in_the_area_that_fills_it(answer):
    """Maseru is in Lesotho, which is a hole of South Africa."""
    file = b"latitude,longitude,magnitude,place\n-29.31,27.9,5,Maseru\n-26.2,28.05,5,Johannesburg\n"
    rows = answer("map_of_points_and_areas", file)["value"]
    assert {row["Area"] for row in rows} == {"Lesotho", "South Africa"}


def test_a_gap_is_no_forecast(answer):
    """A region with a missing month is named, since the months after it would be taken for others."""
    table = table_of("forecast_by_region")
    gap = (table["Region"] == "Dallas") & (table["Month"] == "2012-05-01")
    result = answer("forecast_by_region", table[~gap].to_csv(index=False).encode())
    assert "Without a forecast, because months are missing or not above zero: Dallas." in result["stdout"]
    assert "Dallas" not in {row["Region"] for row in result["value"]}


def test_leading_zeros_are_a_difference(answer):
    """01234 that became 1234 is the classic damage of Excel; 12.50 and 12.5 are the same."""
    name = "compare_two_versions"
    old = table_of(name).astype(str)
    header = ",".join(old.columns)
    new = (DATA / BY_NAME[name].files[1]).read_text(encoding="utf-8").splitlines()
    cells = dict(zip(new[0].split(","), new[1].split(","), strict=False))
    changed = {**cells, "elevation": f"0{cells['elevation']}"}
    result = answer(name, f"{header}\n{','.join(changed[column] for column in old.columns)}\n".encode())
    assert "1 changed (1 cells)" in result["stdout"], result


def test_names_of_other_alphabets_are_compared(answer):
    """Letters that are not Latin count: two different names are not the same because both have no Latin letter."""
    file = "supplier_id,name\n1,Иванов\n2,Петров\n3,株式会社青山\n4,株式会社赤坂\n5,ИВАНОВ\n6,\n".encode()
    result = answer("find_duplicate_names", file)
    same = [(row["ID 1"], row["ID 2"]) for row in result["value"] if row["Verdict"] == "the same"]
    assert same == [("1", "5")]
    assert "1 rows have no name" in result["stdout"]


def test_years_of_two_digits_are_not_in_the_far_future(answer):
    """31.12.99 is 1999."""
    result = answer("dates_of_several_countries", b"source,date\na,31.12.99\na,10:30 3 sep 2024\n")
    assert "between 1999-12-31 and 2024-09-03" in result["stdout"]


def test_shares_of_counts_are_exact(answer):
    """At most a tenth lies above "9 of 10 at most", and 15.4 is above 15 although it is counted as 15."""
    values = [15.4, *range(2, 113)]
    result = answer(
        "large_csv_in_chunks", ("carrier,arr_delay\n" + "".join(f"XX,{each}\n" for each in values)).encode()
    )
    (row,) = result["value"]
    assert sum(each > row["9 of 10 at most"] for each in values) == 11
    assert row["Above 15 in %"] == round(100 * 98 / 112, 1)
    assert row["Mean"] == round(sum(values) / 112, 1)


def test_reports_of_two_years_have_a_bar_for_each_month(answer):
    """The same month of two years is two bars, and is named with its year."""
    table = table_of("pdf_report")
    later = table.assign(date=table["date"].str.replace("2013", "2014"))
    result = answer("pdf_report", pd.concat([table, later]).to_csv(index=False).encode())
    assert "in September 2013 to 33% in December 2013" in result["stdout"], result["error"]

"""What the notes of recipes suggest to change works: the code with that change runs, and its answer is another one."""

import pytest

from connector.recipes.catalog import recipes
from recipe_pages.running import DATA

BY_NAME = {recipe.name: recipe for recipe in recipes()}

REPLACED = {
    "top_products_by_revenue": [('PRODUCT = "Product"', 'PRODUCT = "Subcategory"')],
    "abc_analysis": [("A, B = 80, 95", "A, B = 70, 90")],
    "cohort_retention": [
        ('COHORT = "W"', 'COHORT = "M"'), ("PERIOD_DAYS = 30", "PERIOD_DAYS = 90"), ("PERIODS = 12", "PERIODS = 4"),
    ],
    "regional_comparison": [("MONTHS = 12", "MONTHS = 3")],
    "forecast_by_region": [("LEVEL = 0.80", "LEVEL = 0.95")],
    "group_texts_by_subject": [('RATING = "rating"', "RATING = None")],
    "quarterly_breakdown": [('to_period("Q")', 'to_period("Q-JUN")'), ('SHEET = "Export"', "SHEET = 0")],
}  # fmt: skip
"""Parts of the code, and what the notes suggest instead."""

ADDED = {
    "customer_segments": (
        'customers["Segment"] = customers["Group"].map(name_of)\n',
        'customers.loc[customers["Orders"] == 1, "Segment"] = "Bought once"',
    ),
    "expense_anomalies": (
        "refunds = payments",
        'report(spent.index[spent["Date"].dt.day_name() == "Sunday"], "Sunday", "Paid on a Sunday")',
    ),
}
"""A line that the notes suggest to add, and what is in the code where it belongs."""


@pytest.fixture(scope="module")
def session_with_files(api) -> str:
    """The ID of a session that has the files of all these recipes: one session imports the libraries once."""
    names = {name for recipe in (*REPLACED, *ADDED) for name in BY_NAME[recipe].files}
    with_files = [("file", (name, (DATA / name).read_bytes())) for name in sorted(names)]
    response = api.call("POST", "/files", files=with_files)
    assert response.status_code == 200, response.text
    return str(response.json()["sessionId"])


@pytest.mark.parametrize("name", [*REPLACED, *ADDED])
def test_a_change_that_the_notes_suggest_works(api, session_with_files, name):
    """The code with that change succeeds, and returns another table."""
    recipe = BY_NAME[name]
    code = recipe.python_code
    for old, new in REPLACED.get(name, []):
        assert code.count(old) == 1 and new in recipe.notes
        code = code.replace(old, new)
    if name in ADDED:
        place, line = ADDED[name]
        assert code.count(place) == 1 and line in recipe.notes
        code = code.replace(place, f"{place}{line}\n" if place.endswith("\n") else f"{line}\n{place}")
    before = api.execute(recipe.python_code, session_with_files, includeContent="never")
    after = api.execute(code, session_with_files, includeContent="never")
    assert (before["status"], after["status"]) == ("Succeeded", "Succeeded"), after["error"]
    assert before["value"] != after["value"]

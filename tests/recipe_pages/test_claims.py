"""What the notes of recipes claim beyond the run that is on their pages: large files, and how good an answer is."""

import base64
import json
import re
import xml.etree.ElementTree as ElementTree
import zipfile
from io import BytesIO

import pandas as pd
import pytest

from connector.recipes.catalog import Recipe, recipes
from recipe_pages.running import DATA, run

BY_NAME = {recipe.name: recipe for recipe in recipes()}

# Writes the log again and again, each time eight minutes later, to at least SIZE bytes.
GROW_LOG = r"""
import re
from datetime import datetime, timedelta
text = open("/mnt/data/server.log", encoding="utf-8").read()
parts = re.split(r"(?m)^(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)", text)
times, rests = [datetime.fromisoformat(time) for time in parts[1::2]], parts[2::2]
written = copies = 0
with open("/mnt/data/server.log", "w", encoding="utf-8") as log:
    while written < SIZE:
        later = copies * timedelta(minutes=8)
        written += log.write("".join(f"{time + later:%Y-%m-%d %H:%M:%S}{rest}" for time, rest in zip(times, rests)))
        copies += 1
copies
"""

GROW_CSV = r"""
lines = open("/mnt/data/flights.csv", encoding="utf-8").readlines()
with open("/mnt/data/flights.csv", "w", encoding="utf-8") as table:
    table.write(lines[0])
    for _ in range(COPIES):
        table.writelines(lines[1:])
"""

PEAK_MEGABYTES = "import resource\nresource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024"


class Session:
    """A session with the files of a recipe."""

    def __init__(self, api, session_id, recipe: Recipe) -> None:
        self.api, self.session_id, self.recipe = api, session_id, recipe
        for name in recipe.files:
            content = base64.b64encode((DATA / name).read_bytes()).decode()
            file = {"fileName": name, "fileContent": content}
            assert api.call("POST", "/files", json={"sessionId": session_id, "files": [file]}).ok

    def execute(self, code: str):
        result = self.api.execute(code, self.session_id, includeContent="never", timeoutInSeconds=180)
        assert result["status"] == "Succeeded", result
        return result

    def run(self) -> str:
        """What the recipe prints."""
        return self.execute(self.recipe.python_code)["stdout"]

    def peak_megabytes(self) -> int:
        return self.execute(PEAK_MEGABYTES)["value"]


def total(printed: str) -> int:
    found = re.search(r"([\d,]+) are problems", printed)
    assert found, printed
    return int(found[1].replace(",", ""))


@pytest.mark.parametrize(
    "megabytes",
    [2, pytest.param(200, marks=[pytest.mark.slow, pytest.mark.timeout(200)])],
    ids=lambda size: f"{size} MB",
)
def test_a_log_of_any_size_is_read_in_the_same_memory(api, session_id, megabytes):
    """Every problem is counted, and the run needs at most 64 MB more than that of the small log."""
    session = Session(api, session_id, BY_NAME["errors_in_a_large_log"])
    small, before = session.run(), session.peak_megabytes()
    copies = session.execute(GROW_LOG.replace("SIZE", str(megabytes * 1_000_000)))["value"]
    large = session.run()
    assert large.startswith(f"{megabytes}.")
    assert total(large) == copies * total(small)
    assert session.peak_megabytes() - before <= 64


@pytest.mark.parametrize(
    "copies", [60, pytest.param(2000, marks=[pytest.mark.slow, pytest.mark.timeout(200)])], ids=["16 MB", "522 MB"]
)
def test_chunks_give_what_the_whole_table_gives(api, session_id, copies):
    """Counts, means and medians are exact, although no more than 200,000 rows are in memory at a time."""
    session = Session(api, session_id, BY_NAME["large_csv_in_chunks"])
    session.run()
    before = session.peak_megabytes()
    session.execute(GROW_CSV.replace("COPIES", str(copies)))
    rows = {row["carrier"]: row for row in session.execute(session.recipe.python_code)["value"]}
    flights = pd.read_csv(DATA / "flights.csv").dropna(subset=["arr_delay"])
    expected = flights.groupby("carrier")["arr_delay"].agg(["size", "median", "mean"])
    for carrier, of_carrier in expected.iterrows():
        if of_carrier["size"] * copies >= 100:
            row = rows[carrier]
            assert row["Rows"] == of_carrier["size"] * copies
            assert row["Median"] == of_carrier["median"]
            assert abs(row["Mean"] - of_carrier["mean"]) <= 0.051
    assert session.peak_megabytes() - before <= 96


def test_duplicates_are_those_that_people_found(api):
    """Of the pairs that were linked by hand, the recipe finds as many as its notes state."""
    recipe = BY_NAME["find_duplicate_names"]
    company = pd.read_csv(DATA / "suppliers.csv").set_index("supplier_id")["same_company"]
    linked = {
        frozenset((a, b)) for _, ids in company.groupby(company).groups.items() for a in ids for b in ids if a < b
    }
    pairs = pd.read_csv(BytesIO(run(recipe, api.url).files["possible_duplicates.csv"].content))
    found = [frozenset(pair) for pair in zip(pairs["ID 1"], pairs["ID 2"], strict=True)]
    same = [pair for pair, verdict in zip(found, pairs["Verdict"], strict=True) if verdict == "the same"]
    claims = [int(number) for number in re.findall(r"\d+", recipe.notes[recipe.notes.index("People have linked") :])][
        :4
    ]
    assert claims == [len(linked), len(linked & set(found)), len(same), len(linked & set(same))]


def test_texts_are_in_the_group_of_their_subject(api):
    """As many sentences with the words of a subject are in its group as the notes state."""
    recipe = BY_NAME["group_texts_by_subject"]
    grouped = pd.read_csv(BytesIO(run(recipe, api.url).files["texts_with_subject.csv"].content))

    def of(words: str, subject: str) -> list[int]:
        inside = grouped[grouped["text"].str.contains(words)]
        return [len(inside), int((inside["subject"] == subject).sum())]

    claims = re.search(r'Of the (\d+) .* "customer service", (\d+) .*; of the (\d+) with "remote", (\d+)', recipe.notes)
    assert claims
    assert [int(number) for number in claims.groups()] == of("customer service", "customer, service, contact") + of(
        "remote", "remote, button, control"
    )
    reviews = pd.read_csv(DATA / "product_reviews.csv")
    assert grouped[list(reviews.columns)].equals(reviews)


def test_the_word_document_has_its_parts(api):
    """Headings, text, table and picture are there, every part has a content type, and every relationship a target."""
    archive = zipfile.ZipFile(BytesIO(run(BY_NAME["word_report"], api.url).files["report.docx"].content))
    word = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
    body = ElementTree.fromstring(archive.read("word/document.xml"))
    styles = [style.get(f"{word}val") for style in body.iter(f"{word}pStyle")]
    assert styles == ["Heading1", "Heading2", "Heading2"]
    assert len(list(body.iter(f"{word}tr"))) == 11
    assert "more than 15 minutes late" in "".join(body.itertext())
    targets = {
        link.get("Id"): link.get("Target")
        for link in ElementTree.fromstring(archive.read("word/_rels/document.xml.rels"))
    }
    embedded = re.findall(r'r:embed="(.*?)"', archive.read("word/document.xml").decode())
    assert [targets[name] for name in embedded] == ["media/picture1.png"]
    assert {f"word/{target}" for target in targets.values()} <= set(archive.namelist())
    types = ElementTree.fromstring(archive.read("[Content_Types].xml"))
    known = {each.get("PartName") or each.get("Extension") for each in types}
    for name in archive.namelist():
        assert name == "[Content_Types].xml" or known & {f"/{name}", name.rpartition(".")[2]}, name


DATES = {
    "31.12.2015": "2015-12-31",
    "am 3. März 2021": "2021-03-03",
    "1er août 2023": "2023-08-01",
    "12 września 2022": "2022-09-12",
    "Dec 5, 2024": "2024-12-05",
    "2024/2/29": "2024-02-29",
    "45292": "2024-01-01",
    "01/02/2024": "",
    "30/02/2024": "",
    "May or June 2024": "",
    "99999": "",
}


def test_dates_are_read_or_left_open(api, session_id):
    """A date that can be read in two ways, or does not exist, stays empty with a reason."""
    session = Session(api, session_id, BY_NAME["dates_of_several_countries"])
    rows = "\n".join(f'"{number}",record,"{text}"' for number, text in enumerate(DATES))
    session.execute(f"open('/mnt/data/dates.csv', 'w').write({json.dumps('source,record,date' + chr(10) + rows)})")
    session.run()
    content = api.call("GET", "/files/dates_clean.csv/content", params={"sessionId": session_id}).content
    clean = pd.read_csv(BytesIO(content), keep_default_na=False, dtype=str)
    assert dict(zip(clean["date"], clean["clean date"], strict=True)) == DATES
    assert clean.set_index("date")["state"]["01/02/2024"] == "ambiguous: 2024-01-02 or 2024-02-01"


@pytest.mark.parametrize("name", ["errors_in_a_large_log", "json_to_tables", "merge_files_that_disagree", "pdf_report"])
def test_a_file_that_does_not_fit_is_named(api, session_id, name):
    """The error states what is missing, and what is there instead."""
    session = Session(api, session_id, BY_NAME[name])
    file = BY_NAME[name].files[0]
    content = '{"something": 1}' if file.endswith(".json") else "something,else\n1,2\n"
    session.execute(f"open('/mnt/data/{file}', 'w').write({content!r})")
    result = api.execute(BY_NAME[name].python_code, session_id)
    assert result["status"] == "Failed"
    assert "something" in result["error"]["message"]

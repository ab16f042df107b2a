"""Cleans input.csv or input.xlsx of a session, and writes the result as cleaned.csv.

Removes empty rows and columns, rows that occur twice, and spaces around texts; guesses separator and encoding. Prints
one sentence, and ends with what has come of it.
"""

from pathlib import Path

import pandas as pd

FOLDER = Path("/mnt/data")
incoming, workbook, cleaned = FOLDER / "input.csv", FOLDER / "input.xlsx", FOLDER / "cleaned.csv"

if workbook.exists():
    table = pd.read_excel(workbook, dtype=str)
elif incoming.exists():
    with incoming.open("rb") as file:
        first_line = file.readline()
    separator = max(",;\t|", key=lambda sign: first_line.count(sign.encode()))
    try:
        table = pd.read_csv(incoming, sep=separator, dtype=str, encoding="utf-8-sig")
    except UnicodeDecodeError:
        table = pd.read_csv(incoming, sep=separator, dtype=str, encoding="cp1252")
else:
    raise ValueError("There is no input.csv and no input.xlsx: clean files whose names end in .csv or .xlsx.")

rows = len(table)
table.columns = [str(column).strip() for column in table.columns]
table = table.apply(lambda column: column.str.strip()).replace("", pd.NA)
table = table.dropna(how="all").dropna(axis="columns", how="all").drop_duplicates()
table.to_csv(cleaned, index=False)
print(f"{rows:,} rows, of which {rows - len(table):,} were removed: they were empty, or occurred twice.")
{"rows": len(table), "removed": rows - len(table), "size": cleaned.stat().st_size}

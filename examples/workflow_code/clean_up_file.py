"""Cleans the CSV or Excel file of a session, and writes the result as NAME_clean.csv.

Removes empty rows and columns, rows that occur twice, and spaces around texts; guesses separator and encoding. Prints
one sentence, and ends with the name and the size in bytes of the result, which a workflow continues with.
"""

from pathlib import Path

import pandas as pd

files = sorted(Path("/mnt/data").iterdir())
incoming = [file for file in files if file.suffix.lower() in (".csv", ".xlsx") and not file.stem.endswith("_clean")]
if not incoming:
    raise ValueError("There is no file to clean. Its name has to end in .csv or .xlsx.")

file = incoming[0]
if file.suffix.lower() == ".xlsx":
    table = pd.read_excel(file, dtype=str)
else:
    first_line = file.open("rb").readline()
    separator = max(",;\t|", key=lambda sign: first_line.count(sign.encode()))
    try:
        table = pd.read_csv(file, sep=separator, dtype=str, encoding="utf-8-sig")
    except UnicodeDecodeError:
        table = pd.read_csv(file, sep=separator, dtype=str, encoding="cp1252")

rows = len(table)
table.columns = [str(column).strip() for column in table.columns]
table = table.apply(lambda column: column.str.strip()).replace("", pd.NA)
table = table.dropna(how="all").dropna(axis="columns", how="all").drop_duplicates()
result = file.with_name(f"{file.stem}_clean.csv")
table.to_csv(result, index=False)
print(f"{file.name}: {rows:,} rows, of which {rows - len(table):,} were empty or occurred twice.")
{"fileName": result.name, "size": result.stat().st_size, "rows": len(table), "removed": rows - len(table)}

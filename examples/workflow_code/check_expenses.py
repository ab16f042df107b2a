"""Finds unusual entries in the list of expenses of a session, a CSV file with employee, date, category and amount.

An amount is unusual if it is more than three times the median of its category; an entry, if it occurs twice. Prints
one sentence, writes checked.csv, the list with a column for what was found, and ends with the findings as rows.
"""

from pathlib import Path

import pandas as pd

COLUMNS = ["employee", "date", "category", "amount"]  # as they are called in your own file
FACTOR = 3  # times the median of the category

files = [file for file in Path("/mnt/data").glob("*.csv") if file.name != "checked.csv"]
if len(files) != 1:
    raise ValueError("A list of expenses has to be one file, whose name ends in .csv.")
expenses = pd.read_csv(files[0])
missing = [column for column in COLUMNS if column not in expenses.columns]
if missing:
    raise ValueError(f"The file has no column {', '.join(missing)}. Its columns are: {', '.join(expenses.columns)}.")

category, amount = COLUMNS[2:]
times = expenses[amount] / expenses.groupby(category)[amount].transform("median")
twice = expenses.duplicated(COLUMNS)
expenses["finding"] = [
    " and ".join([f"{times[row]:.1f} times the median"] * bool(times[row] > FACTOR) + ["twice"] * bool(twice[row]))
    for row in expenses.index
]
expenses.to_csv("/mnt/data/checked.csv", index=False)
findings = expenses.loc[expenses["finding"] != "", [*COLUMNS, "finding"]]
print(f"{len(findings)} of {len(expenses):,} entries are unusual, {expenses[amount].sum():,.2f} in total.")
findings.to_dict("records")

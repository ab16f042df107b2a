"""Finds unusual entries in the list of expenses of a session, a CSV file with employee, date, category and amount.

An amount is unusual if it is more than three times the median of its category; an entry, if it occurs twice. Prints one
sentence, and ends with the entries as rows, and as a table in Markdown, which a workflow shows to who decides.
"""

import glob

import pandas as pd

COLUMNS = ["employee", "date", "category", "amount"]  # as they are called in your own file
FACTOR = 3  # times the median of the category

files = glob.glob("/mnt/data/*.csv")
if len(files) != 1:
    raise ValueError("A list of expenses has to be one file, whose name ends in .csv.")
expenses = pd.read_csv(files[0])
missing = [column for column in COLUMNS if column not in expenses.columns]
if missing:
    raise ValueError(f"The file has no column {', '.join(missing)}. Its columns are: {', '.join(expenses.columns)}.")

employee, date, category, amount = COLUMNS
medians = expenses.groupby(category)[amount].transform("median")
high = expenses[amount] > FACTOR * medians
twice = expenses.duplicated(COLUMNS, keep="first")
anomalies = expenses.loc[high | twice, COLUMNS].copy()
times = expenses[amount] / medians
anomalies["reason"] = [
    " and ".join([f"{times[row]:.1f} times the median"] * bool(high[row]) + ["entered twice"] * bool(twice[row]))
    for row in anomalies.index
]

header = [*COLUMNS, "reason"]
lines = [header, ["---"] * len(header), *anomalies[header].astype(str).values.tolist()]
markdown = "\n".join("| " + " | ".join(cell.replace("|", "/") for cell in line) + " |" for line in lines)
print(f"{len(anomalies)} of {len(expenses):,} entries are unusual, {expenses[amount].sum():,.2f} in total.")
{
    "entries": len(expenses),
    "total": float(expenses[amount].sum()),
    "anomalies": anomalies.to_dict("records"),
    "markdown": markdown,
}

"""Finds the entries of a list of expenses that a person should look at, and states why in words.

An amount is unusual if it is several times the median of its category, and also far outside of what is usual there,
which is measured so that single high amounts do not matter. An entry is a repetition if there is the same one before
it, unless its amount is a fee, which occurs often. A round amount on a weekend is remarkable, too. Prints one sentence,
writes checked.csv, the list with a column for what was found, and ends with the findings as rows, by date: employee if
there is one, date, category, amount, finding.
"""

from pathlib import Path

import pandas as pd

# What the columns are called in your own files: the first of the names that is there. A list may lack the employee.
NAMES = {
    "employee": ["employee"],
    "date": ["date", "FIN.TRANSACTION DATE"],
    "category": ["category", "MCH.MERCHANT NAME"],
    "amount": ["amount", "FIN.TRANSACTION AMOUNT"],
}
FORMAT = {"sep": ","}  # from Excel in German: {"sep": ";", "decimal": ",", "thousands": ".", "encoding": "cp1252"}
DAY_FIRST = True  # 04/01/2026 is 4 January; a date such as 2026-01-04 is never ambiguous
TIMES = 3  # unusual is so many times the median of the category,
SPREADS = 5  # and so many times the usual distance from it, in categories with enough entries
ENOUGH = 8
FEE = 3  # an amount that occurs more often in its category
ROUND, LEAST = 10, 50  # a multiple of the one, from the other

files = [file for file in Path("/mnt/data").glob("*.csv") if file.name != "checked.csv"]
if len(files) != 1:
    raise ValueError("A list of expenses has to be one file, whose name ends in .csv.")
expenses = pd.read_csv(files[0], dtype=dict.fromkeys(NAMES["date"], str), **FORMAT)  # 04.01.2026 is no number
found = {meaning: next((name for name in names if name in expenses), None) for meaning, names in NAMES.items()}
missing = [meaning for meaning, name in found.items() if name is None and meaning != "employee"]
if missing:
    what_to_do = "See FORMAT in the code." if len(expenses.columns) == 1 else "See NAMES in the code."
    columns = ", ".join(map(str, expenses.columns))
    raise ValueError(f"The file has no column {', '.join(missing)}. Its columns are: {columns}. {what_to_do}")

entries = pd.DataFrame({meaning: expenses[name] if name else "" for meaning, name in found.items()})
entries["category"] = entries["category"].fillna("(none)")
entries["amount"] = pd.to_numeric(entries["amount"])
written_first_by_year = entries["date"].astype(str).str.match(r"\d{4}-").all()
days = pd.to_datetime(entries["date"], dayfirst=DAY_FIRST and not written_first_by_year)

groups = entries.groupby("category")["amount"]
median = groups.transform("median")
distance = (entries["amount"] - median).abs()
# The median of the distances, as a standard deviation would be if amounts were distributed normally.
spread = 1.4826 * distance.groupby(entries["category"]).transform("median")
far = (groups.transform("size") < ENOUGH) | (distance > SPREADS * spread)
unusual = (median > 0) & (entries["amount"] > TIMES * median) & far
often = entries.groupby(["category", "amount"])["amount"].transform("size") > FEE
repeated = entries.duplicated(["employee", "date", "category", "amount"]) & ~often
weak = (days.dt.day_of_week >= 5) & (entries["amount"] % ROUND == 0) & (entries["amount"] >= LEAST)


def finding(row: int) -> str:
    reasons = []
    if unusual[row]:
        reasons.append(f"{entries['amount'][row] / median[row]:.1f} times the median")
    if repeated[row]:
        reasons.append("twice")
    if weak[row]:
        reasons.append(f"a round amount on a {days[row]:%A}")
    return " and ".join(reasons)


entries["finding"] = expenses["finding"] = [finding(row) for row in entries.index]
expenses.to_csv("/mnt/data/checked.csv", index=False)
findings = entries.loc[days[entries["finding"] != ""].sort_values(kind="stable").index]
amounts = f"{findings['amount'].sum():,.2f} of {entries['amount'].sum():,.2f}"
print(f"{len(findings)} of {len(entries):,} entries are unusual: {amounts} in total.")
shown = findings.assign(amount=findings["amount"].map("{:,.2f}".format))
shown.drop(columns=[] if found["employee"] else ["employee"]).to_dict("records")

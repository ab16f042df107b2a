"""Adds up the CSV files of a session by one column, and draws the totals.

Prints one sentence, saves chart.png, and ends with the totals as a list of rows, which a workflow makes a table of.
"""

import glob

import matplotlib.pyplot as plt
import pandas as pd

GROUP, AMOUNT = "region", "amount"  # the column to group by, and the one to add up: write the names in your own files

files = sorted(glob.glob("/mnt/data/*.csv"))
sales = pd.concat([pd.read_csv(file) for file in files], ignore_index=True)
missing = [column for column in (GROUP, AMOUNT) if column not in sales.columns]
if missing:
    raise ValueError(f"The files have no column {', '.join(missing)}. Their columns are: {', '.join(sales.columns)}.")

totals = sales.groupby(GROUP)[AMOUNT].sum().sort_values(ascending=False)
totals.plot.bar(title=f"{AMOUNT} by {GROUP}", rot=0, xlabel="")
plt.tight_layout()
plt.savefig("/mnt/data/chart.png", dpi=120)
plt.close()
print(f"{len(sales):,} rows in {len(files)} file(s), {totals.sum():,.2f} in total.")
totals.reset_index().to_dict("records")

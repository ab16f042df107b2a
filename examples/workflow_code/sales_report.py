"""The code of the report. Keep it in your library: the next run uses it as it is then.

The workflow puts the files of the folder into /mnt/data, and mails what this code prints, chart.png, and the totals as
a table, which are the value of the last line.
"""

from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd

GROUP_BY = "Category"  # the columns of your own files: the one to group by,
VALUE = "Price"  # and the one to add up
FORMAT = {"sep": ","}  # from Excel in German: {"sep": ";", "decimal": ",", "thousands": ".", "encoding": "cp1252"}


def read(file: Path) -> pd.DataFrame:
    return pd.read_csv(file, **FORMAT) if file.suffix.lower() == ".csv" else pd.read_excel(file)


files = sorted(file for file in Path("/mnt/data").iterdir() if file.suffix.lower() in (".csv", ".xlsx"))
if not files:
    raise ValueError("The folder has no file whose name ends in .csv or .xlsx.")
sales = pd.concat([read(file) for file in files], ignore_index=True)
if sales.empty:
    raise ValueError("The files have no rows.")
sales[VALUE] = pd.to_numeric(sales[VALUE])
totals = sales.groupby(GROUP_BY)[VALUE].sum().sort_values(ascending=False)
print(f"{len(sales):,} sales, {totals.sum():,.2f} in total")

figure, axes = plt.subplots(figsize=(8, 4.5))
totals[::-1].plot.barh(ax=axes, color="#0f5c6e")
axes.set_xlabel(VALUE)
axes.set_ylabel("")
figure.tight_layout()
figure.savefig("/mnt/data/chart.png", dpi=100)
plt.close(figure)
totals.map("{:,.2f}".format).reset_index().to_dict("records")

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

FILE = "/mnt/data/cd_orders.csv"
ITEM = "CustomerID"  # what is classified: customers, products, suppliers
ITEMS = "customers"
AMOUNT = "Amount"
CURRENCY = "$"
A, B = 80, 95  # percent of the revenue up to which an item is in class A, and in class B

from reading import numbers, read

sales = read(FILE, ITEM, AMOUNT)
sales[AMOUNT] = numbers(sales[AMOUNT])
of_nobody = sales.loc[sales[ITEM].isna(), AMOUNT]
revenue = sales.groupby(ITEM)[AMOUNT].sum().sort_values(ascending=False)
without = revenue[revenue <= 0]
revenue = revenue[revenue > 0]
if revenue.empty:
    raise ValueError(f"No {ITEM} has a positive {AMOUNT} in total. Does the file write sales as negative?")
# An item belongs to the class in which its revenue begins, so that the largest is always in class A.
begins_at = (100 * (revenue.cumsum() - revenue) / revenue.sum()).round(9)
classes = pd.Series(np.select([begins_at < A, begins_at < B], ["A", "B"], "C"), index=revenue.index)

table = revenue.groupby(classes).agg(Number="size", Revenue="sum")
table[f"{ITEMS.capitalize()} in %"] = (100 * table["Number"] / len(revenue)).round(1)
table["Revenue in %"] = (100 * table["Revenue"] / revenue.sum()).round(1)
table["Average"] = (table["Revenue"] / table["Number"]).round(2)
table["Revenue"] = table["Revenue"].round(0).astype(int)
table = table.rename_axis("Class").reset_index()

number, share, part = (table.loc[0, column] for column in ("Number", f"{ITEMS.capitalize()} in %", "Revenue in %"))
print(
    f"{number:,} of {len(revenue):,} {ITEMS} ({share:.0f}%) make up {part:.0f}% of the revenue. The largest has "
    f"{CURRENCY}{revenue.iloc[0]:,.0f}, the median {CURRENCY}{revenue.median():,.0f}."
)
if len(of_nobody) or len(without):
    print(
        f"Left out: {len(of_nobody):,} rows without {ITEM} ({CURRENCY}{of_nobody.sum():,.0f}), and {len(without):,} "
        f"{ITEMS} whose revenue is not positive ({CURRENCY}{without.sum():,.0f})."
    )

x = 100 * np.arange(len(revenue) + 1) / len(revenue)
y = np.append(0, 100 * revenue.cumsum() / revenue.sum())
figure, axes = plt.subplots(figsize=(8, 4.4), layout="constrained")
begin = 0
for name, color in (("A", "#1f5a94"), ("B", "#6f9bc6"), ("C", "#c3d3e4")):
    last = begin + int((classes == name).sum())
    axes.fill_between(x[begin : last + 1], y[begin : last + 1], color=color, linewidth=0)
    label = f"{name}\n{last - begin:,}"
    if last > begin:
        axes.text((x[begin] + x[last]) / 2, 12, label, ha="center", color="white" if name == "A" else "#20303f")
    begin = last
axes.plot(x, y, color="#20303f", linewidth=1.6)
axes.annotate(
    f"{share:.0f}% of {ITEMS}:\n{part:.0f}% of revenue", (x[number], y[number]),
    (min(x[number] + 4, 72), y[number] - 22),
    arrowprops={"arrowstyle": "-", "color": "#20303f"},
)  # fmt: skip
axes.set_xlim(0, 100)
axes.set_ylim(0, 100)
axes.xaxis.set_major_formatter("{x:.0f}%")
axes.yaxis.set_major_formatter("{x:.0f}%")
axes.set_xlabel(f"{ITEMS.capitalize()}, from the largest to the smallest")
axes.set_ylabel("Revenue so far")
axes.set_title(f"Which {ITEMS} make up the revenue", loc="left", fontsize=12)
axes.spines[["top", "right"]].set_visible(False)
plt.show()

table

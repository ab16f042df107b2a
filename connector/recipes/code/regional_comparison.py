import matplotlib.pyplot as plt
import pandas as pd

FILE = "/mnt/data/home_sales.csv"
DATE = "Month"
REGION = "Region"
VALUE = "SalesVolume"
UNIT = "million $"
DIVIDE_BY = 1_000_000
MONTHS = 12  # that are compared with the same months a year before

sales = pd.read_csv(FILE)
missing = [column for column in (DATE, REGION, VALUE) if column not in sales.columns]
if missing:
    raise ValueError(f"The file has no column {missing}. It has the columns {list(sales.columns)}.")

# The same number of months of the same season: no comparison of a whole year with a part of one.
sales[DATE] = pd.to_datetime(sales[DATE]).dt.to_period("M")
last = sales[DATE].max()
recent = sales[sales[DATE] > last - MONTHS]
before = sales[(sales[DATE] <= last - 12) & (sales[DATE] > last - 12 - MONTHS)]

table = pd.DataFrame(
    {
        f"Last {MONTHS} months ({UNIT})": recent.groupby(REGION)[VALUE].sum() / DIVIDE_BY,
        f"A year before ({UNIT})": before.groupby(REGION)[VALUE].sum() / DIVIDE_BY,
    }
).fillna(0)
now, then = table.columns
table["Change in %"] = (100 * (table[now] / table[then] - 1)).round(1)
table["Share in %"] = (100 * table[now] / table[now].sum()).round(1)
table[[now, then]] = table[[now, then]].round(0).astype(int)
table = table.sort_values(now, ascending=False).reset_index()

total = 100 * (recent[VALUE].sum() / before[VALUE].sum() - 1)
fastest = table.loc[table["Change in %"].idxmax()]
slowest = table.loc[table["Change in %"].idxmin()]
print(
    f"In the {MONTHS} months to {last.strftime('%B %Y')}, all regions together changed by {total:+.1f}% in a year. "
    f"{fastest[REGION]} grew most ({fastest['Change in %']:+.1f}%), {slowest[REGION]} least "
    f"({slowest['Change in %']:+.1f}%). {table.loc[0, REGION]} is the largest, with {table.loc[0, 'Share in %']:.0f}%."
)

bars = table.iloc[::-1]
figure, (size, change) = plt.subplots(1, 2, figsize=(9.5, 0.45 * len(bars) + 1.2), sharey=True, layout="constrained")
size.bar_label(size.barh(bars[REGION], bars[now], color="#8a94a0"), fmt="{:,.0f}", padding=4)
size.set_title(f"Last {MONTHS} months, {UNIT}", loc="left", fontsize=11)
size.set_xlim(0, bars[now].max() * 1.2)
white = {"facecolor": "white", "edgecolor": "none", "pad": 1}
colors = ["#1f5a94" if value >= total else "#c8641b" for value in bars["Change in %"]]
change.bar_label(change.barh(bars[REGION], bars["Change in %"], color=colors), fmt="{:+.1f}%", padding=4, bbox=white)
change.axvline(total, color="#5f6b76", linewidth=1, linestyle="--")
change.set_title(f"Change in a year (dashed: all, {total:+.1f}%; orange: less)", loc="left", fontsize=11)
change.set_xlim(min(0, bars["Change in %"].min() * 1.3), max(0, bars["Change in %"].max() * 1.25))
for axis in (size, change):
    axis.spines[:].set_visible(False)
    axis.tick_params(left=False, bottom=False, labelbottom=False)
plt.show()

table

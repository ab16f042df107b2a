import matplotlib.pyplot as plt
import pandas as pd

FILE = "/mnt/data/home_sales.csv"
DATE = "Month"
REGION = "Region"
VALUE = "SalesVolume"
UNIT = "million $"
DIVIDE_BY = 1_000_000
MONTHS = 12  # that are compared with the same months a year before

from reading import dates, names, numbers, read, short

sales = read(FILE, DATE, REGION, VALUE)
# The same number of months of the same season: no comparison of a whole year with a part of one.
sales[DATE], sales[REGION] = dates(sales[DATE]).dt.to_period("M"), names(sales[REGION])
sales[VALUE] = numbers(sales[VALUE])
sales = sales.dropna(subset=[DATE, VALUE])
last = sales[DATE].max()
if last.ordinal - sales[DATE].min().ordinal < 12:
    raise ValueError(f"The file begins in {sales[DATE].min()} and ends in {last}: there is no year before to compare.")
recent = sales[sales[DATE] > last - MONTHS]
before = sales[(sales[DATE] <= last - 12) & (sales[DATE] > last - 12 - MONTHS)]

table = pd.DataFrame(
    {
        f"Last {MONTHS} months ({UNIT})": recent.groupby(REGION)[VALUE].sum() / DIVIDE_BY,
        f"A year before ({UNIT})": before.groupby(REGION)[VALUE].sum() / DIVIDE_BY,
    }
).fillna(0)
now, then = table.columns
# A region that is new, or whose value was not positive, has no change in %.
table["Change in %"] = (100 * (table[now] / table[then].where(table[then] > 0) - 1)).round(1)
table["Share in %"] = (100 * table[now] / table[now].sum()).round(1)
table[[now, then]] = table[[now, then]].round(0).astype(int)
table = table.sort_values(now, ascending=False).reset_index()

if before[VALUE].sum() <= 0 or recent[VALUE].sum() <= 0:
    raise ValueError(f"The sum of {VALUE} is not positive in one of the two years, and has no change in %.")
total = 100 * (recent[VALUE].sum() / before[VALUE].sum() - 1)
fastest = table.loc[table["Change in %"].idxmax()]
slowest = table.loc[table["Change in %"].idxmin()]
growth = (
    f"{fastest[REGION]} grew most ({fastest['Change in %']:+.1f}%), {slowest[REGION]} least "
    f"({slowest['Change in %']:+.1f}%). "
    if fastest["Change in %"] > slowest["Change in %"]
    else ""
)
print(
    f"In the {MONTHS} months to {last.strftime('%B %Y')}, all regions together changed by {total:+.1f}% in a year. "
    f"{growth}{table.loc[0, REGION]} is the largest, with {table.loc[0, 'Share in %']:.0f}%."
)
months = pd.DataFrame({now: recent.groupby(REGION)[DATE].nunique(), then: before.groupby(REGION)[DATE].nunique()})
incomplete = months[(months.fillna(0) < months.max()).any(axis=1)]
if len(incomplete):
    print(f"Months are missing, so that the change is not comparable: {', '.join(incomplete.index)}.")

bars = table.iloc[::-1]
figure, (size, change) = plt.subplots(1, 2, figsize=(9.5, 0.45 * len(bars) + 1.2), sharey=True, layout="constrained")
place = range(len(bars))
size.bar_label(size.barh(place, bars[now], color="#8a94a0"), fmt="{:,.0f}", padding=4)
size.set_yticks(place, short(bars[REGION], 28), parse_math=False)
size.set_title(f"Last {MONTHS} months, {UNIT}", loc="left", fontsize=11)
size.set_xlim(min(0, bars[now].min() * 1.2), max(1, bars[now].max() * 1.2))
white = {"facecolor": "white", "edgecolor": "none", "pad": 1}
colors = ["#1f5a94" if value >= total else "#c8641b" for value in bars["Change in %"]]
labels = [f"{value:+.1f}%" if pd.notna(value) else "new" for value in bars["Change in %"]]
change.bar_label(change.barh(place, bars["Change in %"].fillna(0), color=colors), labels, padding=4, bbox=white)
change.axvline(total, color="#5f6b76", linewidth=1, linestyle="--")
change.set_title(f"Change in a year\n(dashed: all, {total:+.1f}%; orange: less)", loc="left", fontsize=11)
change.set_xlim(min(0, bars["Change in %"].min() * 1.3), max(1, bars["Change in %"].max() * 1.25))
for axis in (size, change):
    axis.spines[:].set_visible(False)
    axis.tick_params(left=False, bottom=False, labelbottom=False)
plt.show()

table

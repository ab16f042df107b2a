import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

FILE = "/mnt/data/home_sales.csv"
DATE = "Month"
REGION = "Region"
VALUE = "HomesSold"
WHAT = "homes sold"
REGIONS = 6  # the largest ones
LEVEL = 0.80  # how often the interval should contain the actual value
TEST_YEARS = 5  # the last years, for which intervals are made as if they were not known yet
TAILS = [0.5 - LEVEL / 2, 0.5 + LEVEL / 2]

from reading import dates, names, numbers, read, short

sales = read(FILE, DATE, REGION, VALUE)
sales[DATE], sales[REGION] = dates(sales[DATE]).dt.to_period("M"), names(sales[REGION])
sales[VALUE] = numbers(sales[VALUE])
sales = sales.dropna(subset=[DATE, VALUE])
monthly = sales.pivot_table(index=DATE, columns=REGION, values=VALUE, aggfunc="sum")
monthly = monthly.reindex(pd.period_range(monthly.index.min(), monthly.index.max(), freq="M"))
if len(monthly) < 12 * (TEST_YEARS + 4):
    raise ValueError(f"The file has {len(monthly)} months. A tested forecast needs {12 * (TEST_YEARS + 4)}.")

# A gap would shift the months after it, and growth needs values above zero.
usable = (monthly.tail(12 * (TEST_YEARS + 4)) > 0).all()
for region in monthly.columns:
    of_region = monthly.loc[monthly[region].first_valid_index() :, region]
    usable[region] &= bool((of_region > 0).all())
left_out = [region for region in monthly.sum().nlargest(REGIONS).index if not usable[region]]
if not usable.any():
    raise ValueError(
        f"Every {REGION} lacks months, or has values that are not above zero, or fewer than "
        f"{12 * (TEST_YEARS + 4)} months up to {monthly.index[-1]}. Set a smaller TEST_YEARS, or join regions."
    )
monthly = monthly.loc[:, usable]


def forecast(history):
    """The same months of last year, changed by half of last year's growth: growth seldom continues in full."""
    last, before = history[-12:], history[-24:-12]
    return last * (last.sum() / before.sum()) ** 0.5


def past(history):
    """What happened in 12 months, and the forecast that would have been made before, from each earlier month."""
    starts = range(24, len(history) - 11)
    return np.array([[history[start : start + 12], forecast(history[:start])] for start in starts])


def interval(history):
    """Low and high of the next 12 months, and of their total: as wide as the errors of this forecast have been."""
    actual, expected = past(history).swapaxes(0, 1)
    months = forecast(history) * np.quantile(actual / expected, TAILS, axis=0)
    total = forecast(history).sum() * np.quantile(actual.sum(axis=1) / expected.sum(axis=1), TAILS)
    return *months, total


rows, panels, hits, total_hits = [], {}, [], []
for region in monthly.sum().nlargest(REGIONS).index:
    history = monthly[region].dropna().to_numpy(float)
    low, high, total = interval(history)
    panels[region] = (history[-36:], low, forecast(history), high)
    rows.append((region, history[-12:].sum(), forecast(history).sum(), *total))

    # A test: intervals made of what was known before each of the last years, and what happened then.
    for end in range(len(history), len(history) - 12 * TEST_YEARS, -12):
        low, high, (least, most) = interval(history[: end - 12])
        hits += list((history[end - 12 : end] >= low) & (history[end - 12 : end] <= high))
        total_hits.append(least <= history[end - 12 : end].sum() <= most)

table = pd.DataFrame(rows, columns=[REGION, "Last 12 months", "Next 12 months", "Low", "High"])
table["Change in %"] = (100 * (table["Next 12 months"] / table["Last 12 months"] - 1)).round(1)
for column in ("Last 12 months", "Next 12 months", "Low", "High"):
    table[column] = table[column].round(-1 if table["Next 12 months"].min() > 1_000 else 0).astype(int)

last_month, end = monthly.index[-1], monthly.index[-1] + 12
first = table.iloc[0]
print(
    f"{first[REGION]}: about {first['Next 12 months']:,} {WHAT} in the 12 months to {end.strftime('%B %Y')}, "
    f"{first['Change in %']:+.1f}%, probably between {first['Low']:,} and {first['High']:,}."
)
print(
    f"A test of the {LEVEL:.0%} intervals: those made before each of the last {TEST_YEARS} times 12 months contained "
    f"{np.mean(hits):.0%} of the months, and {np.mean(total_hits):.0%} of the totals of 12 months."
)
if left_out:
    print(f"Without a forecast, because months are missing or not above zero: {', '.join(left_out)}.")

figure, axes = plt.subplots(
    -(-len(panels) // 3),
    3,
    figsize=(10.5, 0.6 + 2.5 * -(-len(panels) // 3)),
    sharex=True,
    squeeze=False,
    layout="constrained",
)
for axis, (region, (history, low, middle, high)) in zip(axes.flat, panels.items()):
    months = pd.period_range(end=last_month, periods=len(history), freq="M").to_timestamp()
    future = pd.period_range(last_month + 1, periods=12, freq="M").to_timestamp()
    axis.plot(months, history, color="#5f6b76", linewidth=1.4)
    axis.fill_between(future, low, high, color="#1f5a94", alpha=0.2, linewidth=0)
    axis.plot(future, middle, color="#1f5a94", linewidth=1.8)
    axis.set_title(*short([region]), loc="left", fontsize=11, parse_math=False)
    axis.set_ylim(0, max(history.max(), high.max()) * 1.08)
    axis.yaxis.set_major_formatter("{x:,.0f}")
    axis.spines[["top", "right"]].set_visible(False)
    axis.grid(axis="y", color="#e6eaee")
    axis.set_xticks([pd.Timestamp(year, 1, 1) for year in range(months[0].year + 1, end.year + 1)])
    axis.set_xticklabels([f"Jan {year}" for year in range(months[0].year + 1, end.year + 1)], fontsize=8)
for axis in axes.flat[len(panels) :]:
    axis.set_visible(False)
figure.suptitle(
    f"{WHAT.capitalize()} per month (gray), forecast to {end.strftime('%B %Y')} and {LEVEL:.0%} interval (blue)",
    x=0.01, ha="left", fontsize=12,
)  # fmt: skip
plt.show()

table

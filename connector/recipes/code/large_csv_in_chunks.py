from collections import Counter

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

FILE = "/mnt/data/flights.csv"
GROUP = "carrier"
VALUE = "arr_delay"
UNIT = "minutes"
LIMIT = 15  # above it, a flight is late
FEWEST_ROWS = 100  # of a group that is ranked: the share of a few rows says little
ROWS_AT_A_TIME = 200_000
# Rounded values are counted between these bounds: medians follow, whatever the size of chunks.
LOWEST, HIGHEST = -200, 2000

from reading import csv_format, numbers, short

how = csv_format(FILE)  # or write it yourself: {"sep": ";", "decimal": ",", "encoding": "utf-8"}
with open(FILE, "rb") as file:
    if not (start := file.read(2)) or start == b"PK":
        raise ValueError(f"{FILE} is {'an Excel file' if start else 'empty'}. Upload it as CSV.")
header = pd.read_csv(FILE, nrows=0, **how)
missing = [column for column in (GROUP, VALUE) if column not in header.columns]
if missing:
    raise ValueError(f"The file has no column {missing}. It has the columns {list(header.columns)}.")

# Only the two columns that are needed are read, and of each chunk only counts are kept: a row of counts per group.
counts: dict[str, np.ndarray] = {}
sums, above = Counter(), Counter()
rows, outside = 0, 0
with pd.read_csv(FILE, usecols=[GROUP, VALUE], chunksize=ROWS_AT_A_TIME, **how) as chunks:
    for chunk in chunks:
        rows += len(chunk)
        chunk = chunk.dropna()
        if chunk.empty:
            continue
        exact = numbers(chunk[VALUE])
        outside += int((~exact.between(LOWEST, HIGHEST)).sum())
        for key, of_group in exact.groupby(chunk[GROUP]):
            # 1001 is read as 1001.0 in a chunk in which another row has no number.
            group = f"{key:.0f}" if isinstance(key, float) and key.is_integer() else str(key)
            places = of_group.round().clip(LOWEST, HIGHEST).astype(int) - LOWEST
            found = np.bincount(places, minlength=HIGHEST - LOWEST + 1)
            counts[group] = counts[group] + found if group in counts else found
            sums[group] += float(of_group.sum())
            above[group] += int((of_group > LIMIT).sum())
empty = rows - sum(int(of_group.sum()) for of_group in counts.values())
if not counts:
    raise ValueError(f"None of the {rows:,} rows has both {GROUP} and {VALUE}.")

scale = np.arange(LOWEST, HIGHEST + 1)


def value_at(of_group: np.ndarray, position: int) -> int:
    """The value at this position, from 0, if the values were sorted."""
    return int(scale[np.searchsorted(of_group.cumsum(), position, side="right")])


def median(of_group: np.ndarray) -> float:
    rows_of_group = int(of_group.sum())
    return (value_at(of_group, (rows_of_group - 1) // 2) + value_at(of_group, rows_of_group // 2)) / 2


summary = pd.DataFrame(
    {
        GROUP: group,
        "Rows": int(of_group.sum()),
        "Median": median(of_group),
        "Mean": round(sums[group] / int(of_group.sum()), 1),
        "9 of 10 at most": value_at(of_group, -(-9 * int(of_group.sum()) // 10) - 1),
        f"Above {LIMIT} in %": round(100 * above[group] / int(of_group.sum()), 1),
    }
    for group, of_group in counts.items()
).sort_values(f"Above {LIMIT} in %", ascending=False, ignore_index=True)
small = summary[summary["Rows"] < FEWEST_ROWS]
summary = summary[summary["Rows"] >= FEWEST_ROWS].reset_index(drop=True)
if summary.empty:
    raise ValueError(f"No {GROUP} has {FEWEST_ROWS} rows with both values. Set a smaller FEWEST_ROWS.")

share = summary[f"Above {LIMIT} in %"]
print(
    f"Of {rows:,} rows, {rows - empty:,} have both values; {outside:,} are outside {LOWEST} to {HIGHEST}"
    f"{', and the medians and tenths count them as these bounds' if outside else ''}. "
    f"{summary[GROUP].iloc[0]} has the largest share above {LIMIT} {UNIT}: {share.iloc[0]:.1f}%. "
    f"{summary[GROUP].iloc[-1]} has the smallest: {share.iloc[-1]:.1f}%. "
    f"Not ranked, with fewer than {FEWEST_ROWS} rows: {', '.join(small[GROUP]) or 'none'}."
)

figure, axes = plt.subplots(figsize=(8, 0.32 * len(summary) + 1.2), layout="constrained")
shown = summary.iloc[::-1]
bars = axes.barh(range(len(shown)), shown[f"Above {LIMIT} in %"], color="#1f5a94")
axes.set_yticks(range(len(shown)), short(shown[GROUP]), parse_math=False)
labels = [f"{late:.1f}%  of {n:,}" for late, n in zip(shown[f"Above {LIMIT} in %"], shown["Rows"])]
axes.bar_label(bars, labels, padding=4, fontsize=9)
axes.set_title(
    f"Share of rows with {VALUE} above {LIMIT} {UNIT}, by {GROUP}", loc="left", fontsize=12, parse_math=False
)
axes.spines[:].set_visible(False)
axes.tick_params(left=False, bottom=False, labelbottom=False)
axes.set_xlim(0, max(1, share.max() * 1.25))
plt.show()

summary

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
# Rounded values are counted between these bounds: exact means and medians follow, whatever the size of chunks.
LOWEST, HIGHEST = -200, 2000

header = pd.read_csv(FILE, nrows=0)
missing = [column for column in (GROUP, VALUE) if column not in header.columns]
if missing:
    raise ValueError(f"The file has no column {missing}. It has the columns {list(header.columns)}.")

# Only the two columns that are needed are read, and of each chunk only counts are kept: a row of counts per group.
counts: dict[str, np.ndarray] = {}
rows, empty, outside = 0, 0, 0
with pd.read_csv(FILE, usecols=[GROUP, VALUE], chunksize=ROWS_AT_A_TIME) as chunks:
    for chunk in chunks:
        rows += len(chunk)
        empty += int(chunk.isna().any(axis=1).sum())
        chunk = chunk.dropna()
        values = chunk[VALUE].round().astype(int)
        outside += int((~values.between(LOWEST, HIGHEST)).sum())
        values = values.clip(LOWEST, HIGHEST) - LOWEST
        for group, of_group in values.groupby(chunk[GROUP]):
            found = np.bincount(of_group, minlength=HIGHEST - LOWEST + 1)
            counts[group] = counts[group] + found if group in counts else found

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
        "Mean": round(float((of_group * scale).sum() / of_group.sum()), 1),
        "9 of 10 at most": value_at(of_group, int(0.9 * (of_group.sum() - 1))),
        f"Above {LIMIT} in %": round(100 * float(of_group[scale > LIMIT].sum() / of_group.sum()), 1),
    }
    for group, of_group in counts.items()
).sort_values(f"Above {LIMIT} in %", ascending=False, ignore_index=True)
small = summary[summary["Rows"] < FEWEST_ROWS]
summary = summary[summary["Rows"] >= FEWEST_ROWS].reset_index(drop=True)
if summary.empty:
    raise ValueError(f"No {GROUP} has {FEWEST_ROWS} rows with both values. Set a smaller FEWEST_ROWS.")

share = summary[f"Above {LIMIT} in %"]
print(
    f"Of {rows:,} rows, {rows - empty:,} have both values; {outside:,} are outside {LOWEST} to {HIGHEST}. "
    f"{summary[GROUP].iloc[0]} has the largest share above {LIMIT} {UNIT}: {share.iloc[0]:.1f}%. "
    f"{summary[GROUP].iloc[-1]} has the smallest: {share.iloc[-1]:.1f}%. "
    f"Not ranked, with fewer than {FEWEST_ROWS} rows: {', '.join(small[GROUP]) or 'none'}."
)

figure, axes = plt.subplots(figsize=(8, 0.32 * len(summary) + 1.2), layout="constrained")
shown = summary.iloc[::-1]
bars = axes.barh(shown[GROUP], shown[f"Above {LIMIT} in %"], color="#1f5a94")
labels = [f"{late:.1f}%  of {n:,}" for late, n in zip(shown[f"Above {LIMIT} in %"], shown["Rows"])]
axes.bar_label(bars, labels, padding=4, fontsize=9)
axes.set_title(f"Share of rows with {VALUE} above {LIMIT} {UNIT}, by {GROUP}", loc="left", fontsize=12)
axes.spines[:].set_visible(False)
axes.tick_params(left=False, bottom=False, labelbottom=False)
axes.set_xlim(0, share.max() * 1.25)
plt.show()

summary

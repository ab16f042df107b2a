import matplotlib.pyplot as plt
import pandas as pd

OLD = "/mnt/data/airports_2025-09.csv"
NEW = "/mnt/data/airports_2026-09.csv"
KEY = "icao"
OTHER_KEY = "iata"  # finds rows whose key changed; None if there is no second key
LARGE = {"lat": 0.1, "lon": 0.1, "elevation": 100}  # numbers that change by more than this are listed for a check
OUTPUT = "/mnt/data/differences.csv"

from reading import read

# As text: 007 stays 007, an empty cell stays empty, and nothing differs only because pandas guessed another type.


def keyed(file: str) -> pd.DataFrame:
    table = read(file, KEY, dtype=str, keep_default_na=False)
    table[KEY] = table[KEY].str.strip()
    if repeated := table[KEY][table[KEY].duplicated()].unique().tolist():
        raise ValueError(f"{file} has {KEY} more than once: {repeated[:5]}. Choose a key that is unique.")
    return table.set_index(KEY)


old, new = keyed(OLD), keyed(NEW)
columns = [column for column in old.columns if column in new.columns]
only_in_one = sorted(set(old.columns) ^ set(new.columns))

if not columns:
    raise ValueError(f"The files have only {KEY} in common: {list(old.columns)} and {list(new.columns)}.")
if OTHER_KEY and OTHER_KEY not in columns:
    raise ValueError(f"Not both files have {OTHER_KEY!r}. Set OTHER_KEY to one of {columns}, or to None.")
added, removed = new.index.difference(old.index), old.index.difference(new.index)
both = old.index.intersection(new.index)


def same(before: pd.Series, after: pd.Series) -> pd.Series:
    """Equal as text without spaces around and zeros after the point: 12.50 is 12.5, but 007 is not 7."""
    written = [
        cells.str.strip().str.replace(r"^(-?\d+)(?:\.0*|(\.\d*?)0+)$", r"\1\2", regex=True) for cells in (before, after)
    ]
    return written[0] == written[1]


changes = []
for column in columns:
    before, after = old.loc[both, column], new.loc[both, column]
    for key in both[~same(before, after)]:
        changes.append({KEY: key, "column": column, "before": before[key], "after": after[key]})
changes = pd.DataFrame(changes, columns=[KEY, "column", "before", "after"])
by = pd.to_numeric(changes["after"], errors="coerce") - pd.to_numeric(changes["before"], errors="coerce")
changes["by"] = by.round(4)
changes["large"] = [abs(b) > LARGE.get(column, float("inf")) for b, column in zip(by, changes["column"])]

moved = pd.DataFrame(columns=["old key", "new key"])
if OTHER_KEY:
    gone, come = (
        table.loc[keys].reset_index().query(f"{OTHER_KEY} != ''") for table, keys in ((old, removed), (new, added))
    )
    moved = gone.merge(come, on=OTHER_KEY, suffixes=(" old", " new"))[[f"{KEY} old", f"{KEY} new"]]
    moved.columns = ["old key", "new key"]

differences = pd.concat(
    [
        pd.DataFrame({KEY: added, "what": "added"}),
        pd.DataFrame({KEY: removed, "what": "removed"}),
        changes.assign(what="changed"),
    ]
)
differences.to_csv(OUTPUT, index=False)

rows_changed = changes[KEY].nunique()
print(
    f"{len(added)} rows were added, {len(removed)} removed, {rows_changed} changed ({len(changes)} cells), and "
    f"{len(both) - rows_changed} are the same. Columns in only one file: {', '.join(only_in_one) or 'none'}."
)
for _, pair in moved.iterrows():
    print(f"{pair['old key']} and {pair['new key']} have the same {OTHER_KEY}: probably one row whose key changed.")
large = changes[changes["large"]]
if len(large):
    limits = ", ".join(f"{column} {limit:g}" for column, limit in LARGE.items())
    print(f"{len(large)} numbers in {large[KEY].nunique()} rows changed by more than ({limits}). Check these first:")
    largest = large.assign(size=large["by"].abs()).sort_values(["size", KEY], ascending=[False, True])
    for _, change in largest.head(5).iterrows():
        print(f"  {change[KEY]} {change['column']}: {change['before']} -> {change['after']} ({change['by']:+g})")

shown = changes.groupby("column")["large"].agg(Changes="size", large="sum").sort_values("Changes")
figure, axes = plt.subplots(figsize=(8, 0.4 * max(1, len(shown)) + 1.3), layout="constrained")
axes.barh(shown.index, shown["Changes"], color="#a9c4de", label="changed")
axes.barh(shown.index, shown["large"], color="#c2571a", label="of which large")
for row, (total, big) in enumerate(zip(shown["Changes"], shown["large"])):
    label = f"{total} ({big} large)" if big else f"{total}"
    axes.annotate(label, (total, row), (4, -3), textcoords="offset points", fontsize=9)
axes.set_title(f"Changed cells by column: {len(added)} rows added, {len(removed)} removed", loc="left", fontsize=12)
axes.spines[:].set_visible(False)
axes.tick_params(left=False, bottom=False, labelbottom=False)
axes.margins(x=0.15)
axes.legend(loc="lower right", frameon=False)
plt.show()

shown = changes.sort_values(["large", KEY], ascending=[False, True], ignore_index=True)
shown.assign(by=shown["by"].map("{:+g}".format).replace("+nan", "")).drop(columns="large")

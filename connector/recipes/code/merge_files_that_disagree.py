import re

import matplotlib.pyplot as plt
import pandas as pd

# The files, and what the index of each is based on, if the file does not say so itself.
FILES = {
    "Germany": "/mnt/data/prices_germany.csv",
    "Spain": "/mnt/data/prices_spain.csv",
    "United Kingdom": "/mnt/data/prices_united_kingdom.csv",
    "United States": "/mnt/data/prices_united_states.csv",
}
BASES = {"Spain": "2021=100", "United States": "1982-84=100"}
# Which rows to read from a file that has several measures one below the other.
ONLY_ROWS_WITH = {"Spain": ";Índice;"}
COMMON_BASE = 2019  # the average of this year becomes 100 in all files, or the levels cannot be compared
OUTPUT = "/mnt/data/merged_prices.csv"

MONTHS = {
    name: number
    for names in (
        "jan feb mar apr may jun jul aug sep oct nov dec",
        "januar februar märz april mai juni juli august september oktober november dezember",
    )
    for number, name in enumerate(names.split(), 1)
}


def decoded(content: bytes) -> tuple[str, str]:
    """UTF-8 refuses nearly all text of other encodings, so it is tried first; Windows-1252 accepts everything."""
    for encoding in ("utf-8-sig", "cp1252"):
        try:
            return content.decode(encoding), encoding
        except UnicodeDecodeError:
            continue
    raise ValueError("Neither UTF-8 nor Windows-1252.")


def month_of(cells: list[str], year: str) -> tuple[pd.Period | None, int]:
    """Knows 2022-10-01, 2022M10, 2022 OCT, and a name with the year in a column of its own, empty where it repeats.

    With the place of its cell.
    """
    for place, cell in enumerate(cells[:3]):
        if match := re.fullmatch(r"(\d{4})-(\d\d)(?:-01)?", cell) or re.fullmatch(r"(\d{4})M(\d\d)", cell):
            return pd.Period(f"{match[1]}-{match[2]}", "M"), place
        *before, name = cell.lower().split() or [""]
        if name in MONTHS and (before or year):
            return pd.Period(f"{before[0] if before else year}-{MONTHS[name]:02d}", "M"), place
    return None, 0


def read(name: str, path: str) -> tuple[pd.Series, dict[str, object]]:
    """The monthly values of one file, and how it was understood."""
    with open(path, "rb") as file:
        text, encoding = decoded(file.read())
    lines = [line for line in text.splitlines() if line.strip()]
    separator = max(";,\t|", key=lambda character: sum(line.count(character) for line in lines))
    decimal_comma = separator == ";" and bool(re.search(r"\d,\d", text))
    number = re.compile(r"-?\d+(?:,\d+)?" if decimal_comma else r"-?\d+(?:\.\d+)?")
    values, left_out, year = {}, 0, ""
    for line in lines:
        cells = [cell.strip().strip('"') for cell in line.split(separator)]
        year = cells[0] if re.fullmatch(r"\d{4}", cells[0]) else year
        month, place = month_of(cells, year) if ONLY_ROWS_WITH.get(name, "") in line else (None, 0)
        value = next((cell for cell in cells[place + 1 :] if number.fullmatch(cell)), None)
        if month is None or value is None:
            left_out += 1
        elif month in values:
            raise ValueError(f"{name} has {month} twice. Does the file have several measures? Set ONLY_ROWS_WITH.")
        else:
            values[month] = float(value.replace(",", "."))
    base = BASES.get(name) or (re.search(r"\d{4}=100", text) or [None])[0]
    if not values or base is None:
        raise ValueError(f"{name}: {len(values)} monthly values, base {base}. Its first lines are {lines[:8]}.")
    understood = {
        "File": name,
        "Encoding": "UTF-8" if encoding == "utf-8-sig" else "Windows-1252",
        "Separator": separator,
        "Decimals": "comma" if decimal_comma else "point",
        "Base": base,
        "Months": len(values),
        "Last": str(max(values)),
        "Lines left out": left_out,
    }
    return pd.Series(values, name=name).sort_index(), understood


series, understood = zip(*(read(name, path) for name, path in FILES.items()))
levels = pd.concat(series, axis=1).sort_index()
in_base_year = levels[levels.index.year == COMMON_BASE]
if in_base_year.isna().any(axis=None) or len(in_base_year) < 12:
    raise ValueError(f"Not every file has all months of {COMMON_BASE}. Choose another COMMON_BASE.")
merged = (100 * levels / in_base_year.mean()).round(2)
merged.rename_axis("Month").to_csv(OUTPUT)

if merged.dropna().empty:
    raise ValueError(
        f"There is no month that all files have. They have {[(each['File'], each['Last']) for each in understood]}."
    )
last = merged.dropna().index[-1]
ranked = merged.loc[last].sort_values(ascending=False)
print(
    f"{len(merged)} months of {len(FILES)} files, {COMMON_BASE} = 100. All files have values up to {last}: since "
    f"{COMMON_BASE}, prices rose by "
    + ", ".join(f"{value - 100:.1f}% ({name})" for name, value in ranked.items())
    + f". {int(merged.isna().sum().sum())} values are missing and were left empty."
)

palette = ("#1f5a94", "#e69f00", "#20303f", "#cc79a7", "#009e73", "#56b4e9")  # told apart by color-blind people, too
colors = {name: palette[number % len(palette)] for number, name in enumerate(FILES)}
figure, axes = plt.subplots(figsize=(8, 4.2), layout="constrained")
for name in ranked.index:
    values = merged[name].dropna()
    axes.plot(values.index.to_timestamp(), values, color=colors[name], linewidth=2, label=name)
axes.legend(loc="upper left", frameon=False)
axes.set_title(f"Consumer prices ({COMMON_BASE} = 100)", loc="left", fontsize=12)
axes.set_ylabel("Index")
axes.spines[["top", "right"]].set_visible(False)
axes.grid(axis="y", color="#e5e5e5")
plt.show()

pd.DataFrame(understood)

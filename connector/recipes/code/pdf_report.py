import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.backends.backend_pdf import PdfPages

FILE = "/mnt/data/flights.csv"
DATE = "date"
GROUP = "carrier"
VALUE = "arr_delay"
LIMIT = 15  # minutes from which a flight is late
TITLE = "Punctuality of flights from New York"
REPORT = "/mnt/data/report.pdf"
FEWEST_ROWS = 100  # of a group in the table
A4 = (8.27, 11.69)
BLUE, ORANGE, GRAY = "#1f5a94", "#c2571a", "#666666"

from reading import dates, names, numbers, read, short

flights = read(FILE, DATE, GROUP, VALUE)
flights[DATE], flights[GROUP], flights[VALUE] = dates(flights[DATE]), names(flights[GROUP]), numbers(flights[VALUE])
flights["late"] = flights[VALUE] > LIMIT
arrived = flights.dropna(subset=[DATE, VALUE])
shares = arrived.groupby(arrived[DATE].dt.to_period("M"))["late"].mean()
groups = arrived.groupby(GROUP).agg(Flights=("late", "size"), Late=("late", "mean"), Median=(VALUE, "median"))
groups = groups[groups["Flights"] >= FEWEST_ROWS].sort_values("Late").reset_index()
if groups.empty:
    raise ValueError(f"No {GROUP} has {FEWEST_ROWS} rows with a value. Set a smaller FEWEST_ROWS.")

begin, end = flights[DATE].min(), flights[DATE].max()
# A month is named with its year if there are several.
form = "%B %Y" if shares.index[0].year != shares.index[-1].year else "%B"
worst_month, best_month = (month.strftime(form) for month in (shares.idxmax(), shares.idxmin()))
period = f"{begin.day} {begin:%B %Y} to {end.day} {end:%B %Y}"
finding = (
    f"{arrived['late'].mean():.0%} of the flights arrived more than {LIMIT} minutes late: from {shares.min():.0%} "
    f"in {best_month} to {shares.max():.0%} in {worst_month}."
)
if groups["Late"].iloc[0] < groups["Late"].iloc[-1]:
    finding += f" {groups[GROUP].iloc[0]} was the most punctual carrier, {groups[GROUP].iloc[-1]} the least."
figures = {
    "Flights": f"{len(flights):,}",
    "Arrived late": f"{arrived['late'].mean():.1%}",
    "Median delay": f"{arrived[VALUE].median():+.0f} min",
    "Not arrived": f"{len(flights) - len(arrived):,}",
}


def new_page(number: int) -> plt.Figure:
    page = plt.figure(figsize=A4)
    page.text(0.08, 0.035, f"{TITLE} · {period}", fontsize=8, color=GRAY)
    page.text(0.92, 0.035, f"Page {number}", fontsize=8, color=GRAY, ha="right")
    return page


def heading(page: plt.Figure, y: float, text: str) -> None:
    page.text(0.08, y, text, fontsize=13, weight="bold", va="top")


# Positions are shares of the page, from the lower left corner.
first = new_page(1)
first.text(0.08, 0.945, TITLE, fontsize=20, weight="bold", va="top")
first.text(0.08, 0.908, period, fontsize=11, color=GRAY, va="top")
first.text(
    0.08, 0.875, "\n".join(pd.Series(finding).str.wrap(88)), fontsize=11, va="top", linespacing=1.5, parse_math=False
)
for number, (name, value) in enumerate(figures.items()):
    x = 0.08 + number * 0.215
    first.text(x, 0.795, value, fontsize=20, color=BLUE, va="top")
    first.text(x, 0.76, name, fontsize=9, color=GRAY, va="top")

heading(first, 0.705, "Late arrivals by month")
axes = first.add_axes((0.08, 0.425, 0.84, 0.24))
colors = [ORANGE if month == shares.idxmax() else BLUE for month in shares.index]
bars = axes.bar(range(len(shares)), 100 * shares, color=colors)
if len(shares) <= 18:
    axes.bar_label(bars, fmt="%.0f%%", fontsize=9)
every = -(-len(shares) // 12)
labels = [month.strftime("%b\n%Y" if "Y" in form else "%b") for month in shares.index[::every]]
axes.set_xticks(range(0, len(shares), every), labels)
axes.set_yticks([])
axes.spines[["top", "left", "right"]].set_visible(False)
axes.tick_params(bottom=False)

heading(first, 0.365, "Carriers, the most punctual first")
rows = [
    [*short([r[GROUP]]), f"{r['Flights']:,}", f"{r['Late']:.1%}", f"{r['Median']:+.0f}"] for _, r in groups.iterrows()
]
# A long table goes on to further pages.
header = ["Carrier", "Flights", "Late", "Median delay (min)"]
on_first, per_page = 11, 40
parts = [rows[:on_first], *(rows[i : i + per_page] for i in range(on_first, len(rows), per_page))]
pages = [first, *(new_page(number) for number in range(2, len(parts) + 1))]
for page, part, top in zip(pages, parts, [0.34] + [0.92] * len(parts)):
    height = 0.024 * (len(part) + 1)
    place = page.add_axes((0.08, top - height, 0.84, height))
    place.set_axis_off()
    table = place.table(part, colLabels=header, bbox=(0, 0, 1, 1), edges="horizontal", cellLoc="right")
    table.auto_set_font_size(False)
    table.set_fontsize(10)
    for (row, column), cell in table.get_celld().items():
        cell.set_edgecolor("#cccccc")
        cell.get_text().set_parse_math(False)
        cell.set_text_props(ha="left" if column == 0 else "right", weight="bold" if row == 0 else "normal")

with PdfPages(REPORT, metadata={"Title": TITLE, "CreationDate": None}) as pdf:
    for page in pages:
        pdf.savefig(page)
print(finding)
print(f"The report has {len(pages)} page{'s' if len(pages) > 1 else ''}, A4.")

for page in pages[1:]:
    plt.close(page)
plt.show()  # the first page

import matplotlib.pyplot as plt
import pandas as pd
from openpyxl import Workbook
from openpyxl.chart import BarChart, Reference
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.properties import PageSetupProperties

FILE = "/mnt/data/wine_sales.xlsx"
SHEET = "Export"
DATE = "Month"
PRODUCT = "Product"
VALUE = "Sales (thousand litres)"
RESULT = "/mnt/data/quarterly_breakdown.xlsx"
COLORS = ["1f5a94", "6f9bc6", "c3d3e4", "c8641b", "e8b48c", "5f6b76", "b8c0c8", "20303f"]

from reading import dates, names, numbers, read, short

export = read(FILE, DATE, PRODUCT, VALUE, sheet=SHEET)
export[DATE], export[PRODUCT], export[VALUE] = dates(export[DATE]), names(export[PRODUCT]), numbers(export[VALUE])
export["Quarter"] = export[DATE].dt.to_period("Q")
quarters = export.pivot_table(index="Quarter", columns=PRODUCT, values=VALUE, aggfunc="sum")
quarters = quarters.reindex(pd.period_range(quarters.index.min(), quarters.index.max())).fillna(0)
quarters.index = [f"{quarter.qyear} Q{quarter.quarter}" for quarter in quarters.index]
products, count = list(quarters.columns), len(quarters)
last_product, total = get_column_letter(len(products) + 1), get_column_letter(len(products) + 2)

# The workbook: the numbers as values, everything computed from them as formulas.
workbook = Workbook()
sheet = workbook.active
sheet.title = "Quarters"
sheet.append(["Quarter", *products, "Total", "Change from a year before"])
for row, (quarter, values) in enumerate(quarters.iterrows(), start=2):
    change = f"={total}{row}/{total}{row - 4}-1" if row > 5 else None
    sheet.append([quarter, *values, f"=SUM(B{row}:{last_product}{row})", change])
columns = [get_column_letter(number) for number in range(2, len(products) + 3)]
sheet.append(["Total", *(f"=SUM({column}2:{column}{count + 1})" for column in columns)])

for cell in sheet[1]:
    cell.data_type = "s"  # a name that begins with = is no formula
    cell.font = Font(name="Calibri", bold=True, color="FFFFFF")
    cell.fill = PatternFill("solid", fgColor="1F5A94")
    cell.alignment = Alignment(horizontal="center", vertical="center", wrap_text=True)
for cell in sheet[count + 2]:
    cell.font = Font(name="Calibri", bold=True)
for row in sheet.iter_rows(min_row=2, min_col=2):
    for cell in row:
        cell.number_format = "0.0%" if cell.column == len(products) + 3 else "#,##0"
for number in range(1, len(products) + 4):
    sheet.column_dimensions[get_column_letter(number)].width = 14
sheet.row_dimensions[1].height = 32
sheet.freeze_panes = "B2"
sheet.page_setup.orientation = "landscape"
sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)

chart = BarChart()
chart.type, chart.grouping, chart.overlap, chart.gapWidth = "col", "stacked", 100, 40
chart.title = f"{VALUE} by quarter"
chart.height, chart.width = 9, 22
chart.x_axis.delete = chart.y_axis.delete = False
chart.add_data(
    Reference(sheet, min_col=2, max_col=len(products) + 1, min_row=1, max_row=count + 1), titles_from_data=True
)
for series, color in zip(chart.series, COLORS):
    series.graphicalProperties.solidFill = color
chart.set_categories(Reference(sheet, min_col=1, min_row=2, max_row=count + 1))
sheet.add_chart(chart, f"A{count + 4}")
workbook.save(RESULT)

sums = quarters.sum(axis=1)
change = f", {sums.iloc[-1] / sums.iloc[-5] - 1:+.1%} from a year before" if count > 4 and sums.iloc[-5] > 0 else ""
print(
    f"{sums.index[-1]}: {sums.iloc[-1]:,.0f} {VALUE.split('(')[-1].rstrip(')')}{change}. "
    f"The largest product is {quarters.iloc[-1].idxmax()}."
)
empty = export[export[VALUE].isna()]
if len(empty):
    cells = ", ".join(f"{product} {date:%Y-%m}" for product, date in zip(empty[PRODUCT], empty[DATE]))
    print(f"{len(empty)} months have no value in the export, so that their quarters are too low: {cells[:500]}.")
if export[DATE].isna().any():
    print(f"{export[DATE].isna().sum()} rows have no {DATE}, and are in no quarter.")

labels = [quarter if quarter.endswith("Q1") else "" for quarter in quarters.index]
# The chart has room for eight: the smallest are drawn as one.
largest = list(quarters.sum().nlargest(7 if len(products) > 8 else 8).index)
drawn = quarters[[product for product in products if product in largest]]
if len(products) > 8:
    drawn = drawn.assign(Others=quarters.drop(columns=largest).sum(axis=1))
colors = [f"#{color}" for color in COLORS[:-1]] + ["#d9dde1"]
axes = drawn.plot.bar(stacked=True, figsize=(9.5, 4.6), width=0.8, color=colors)
axes.set_xticks(range(count), labels, rotation=0)
axes.set_xlabel("")
axes.yaxis.set_major_formatter("{x:,.0f}")
axes.set_title(f"{VALUE} by quarter", loc="left", fontsize=12)
handles, labels_of = axes.get_legend_handles_labels()
place = {"loc": "upper left", "bbox_to_anchor": (1, 1), "frameon": False}
for text in axes.legend(handles[::-1], short(labels_of[::-1], 24), **place).get_texts():
    text.set_parse_math(False)
axes.spines[["top", "right"]].set_visible(False)
plt.tight_layout()
plt.show()

table = quarters.tail(8).round(0).astype(int)
table["Total"] = table[products].sum(axis=1)
table = table.rename_axis("Quarter").reset_index()
table

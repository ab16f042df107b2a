// An example: a workbook is written, with formats and a chart.

export const code = `import pandas as pd
from openpyxl.chart import BarChart, Reference
from openpyxl.styles import Font, PatternFill

sales = pd.read_csv("sales.csv", parse_dates=["date"])
sales["revenue"] = sales["units"] * sales["unit_price"]
regions = sales.groupby("region")[["units", "revenue"]].sum()
regions = regions.sort_values("revenue", ascending=False)

path = "/mnt/data/sales_report.xlsx"
with pd.ExcelWriter(path, engine="openpyxl") as workbook:
    regions.to_excel(workbook, sheet_name="Regions")
    sales.to_excel(workbook, sheet_name="Orders", index=False)

    sheet = workbook.sheets["Regions"]
    for cell in sheet[1]:
        cell.font = Font(bold=True, color="FFFFFF")
        cell.fill = PatternFill("solid", start_color="1F4E8C")
    for row in range(2, sheet.max_row + 1):
        sheet.cell(row, 2).number_format = "#,##0"
        sheet.cell(row, 3).number_format = "#,##0"
    sheet.column_dimensions["A"].width = 14
    sheet.column_dimensions["C"].width = 14

    chart = BarChart()
    chart.title = "Revenue by region"
    chart.legend = None
    last = sheet.max_row
    chart.add_data(
        Reference(sheet, min_col=3, min_row=1, max_row=last),
        titles_from_data=True,
    )
    chart.set_categories(
        Reference(sheet, min_col=1, min_row=2, max_row=last)
    )
    sheet.add_chart(chart, "E2")

    orders = workbook.sheets["Orders"]
    orders.auto_filter.ref = orders.dimensions
    orders.freeze_panes = "A2"
    for row in range(2, orders.max_row + 1):
        orders.cell(row, 1).number_format = "yyyy-mm-dd"
    orders.column_dimensions["A"].width = 12

print(f"{path}: {len(regions)} regions, {len(sales)} orders")
regions.reset_index()`;

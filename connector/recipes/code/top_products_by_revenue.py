import matplotlib.pyplot as plt
import pandas as pd

FILE = "/mnt/data/auction_sales.csv"
PRODUCT = "Product"
GROUP = "Category"
AMOUNT = "Price"
TOP = 10
CURRENCY = "$"

from reading import names, numbers, read, short

sales = read(FILE, PRODUCT, GROUP, AMOUNT)
sales[AMOUNT] = numbers(sales[AMOUNT])
sales[PRODUCT] = names(sales[PRODUCT]).str.replace("_", " ")
sales[GROUP] = names(sales[GROUP])
products = sales.groupby([PRODUCT, GROUP])[AMOUNT].agg(Sales="count", Revenue="sum").reset_index()
if products["Revenue"].sum() <= 0:
    raise ValueError(f"The sum of {AMOUNT} is {products['Revenue'].sum():,.2f}. Does the file write sales as negative?")
products["Share in %"] = (100 * products["Revenue"] / products["Revenue"].sum()).round(1)
products["Average price"] = (products["Revenue"] / products["Sales"]).round(2)
products["Revenue"] = products["Revenue"].round(0).astype(int)
products = products.sort_values("Revenue", ascending=False, ignore_index=True)
top = products.head(TOP)

if sales[AMOUNT].isna().any():
    print(f"{sales[AMOUNT].isna().sum():,} of {len(sales):,} rows have no {AMOUNT}, and are not counted.")
best = top.iloc[0]
print(
    f"{best[PRODUCT]} has the highest revenue: {CURRENCY}{best['Revenue']:,}, {best['Share in %']:.1f}% of the total. "
    f"The top {len(top)} of {len(products)} products make {top['Revenue'].sum() / products['Revenue'].sum():.0%} of it."
)

# The largest at the top; each bar has its figure, so that the chart needs no axis.
bars = top.iloc[::-1]
figure, axes = plt.subplots(figsize=(8, 0.42 * len(bars) + 1), layout="constrained")
twice = bars[PRODUCT].duplicated(keep=False)  # the same name in several groups
drawn = axes.barh(range(len(bars)), bars["Revenue"], color="#1f5a94")
axes.set_yticks(
    range(len(bars)), short(bars[PRODUCT].where(~twice, bars[PRODUCT] + ", " + bars[GROUP])), parse_math=False
)
labels = [f"{CURRENCY}{revenue:,} ({share:.1f}%)" for revenue, share in zip(bars["Revenue"], bars["Share in %"])]
axes.bar_label(drawn, labels, padding=4)
axes.set_title(f"Top {len(top)} products by revenue (share of the total)", loc="left", fontsize=12)
axes.spines[:].set_visible(False)
axes.tick_params(left=False, bottom=False, labelbottom=False)
axes.set_xlim(min(0, bars["Revenue"].min()), bars["Revenue"].max() * 1.2)
plt.show()

top

import matplotlib.pyplot as plt
import pandas as pd

FILE = "/mnt/data/auction_sales.csv"
PRODUCT = "Product"
GROUP = "Category"
AMOUNT = "Price"
TOP = 10
CURRENCY = "$"

sales = pd.read_csv(FILE)
missing = [column for column in (PRODUCT, GROUP, AMOUNT) if column not in sales.columns]
if missing:
    raise ValueError(f"The file has no column {missing}. It has the columns {list(sales.columns)}.")

sales[PRODUCT] = sales[PRODUCT].astype(str).str.replace("_", " ")
products = sales.groupby([PRODUCT, GROUP])[AMOUNT].agg(Sales="count", Revenue="sum").reset_index()
products["Share in %"] = (100 * products["Revenue"] / products["Revenue"].sum()).round(1)
products["Average price"] = (products["Revenue"] / products["Sales"]).round(2)
products["Revenue"] = products["Revenue"].round(0).astype(int)
products = products.sort_values("Revenue", ascending=False, ignore_index=True)
top = products.head(TOP)

best = top.iloc[0]
print(
    f"{best[PRODUCT]} has the highest revenue: {CURRENCY}{best['Revenue']:,}, {best['Share in %']:.1f}% of the total. "
    f"The top {len(top)} of {len(products)} products make {top['Revenue'].sum() / products['Revenue'].sum():.0%} of it."
)

# The largest at the top; each bar has its figure, so that the chart needs no axis.
bars = top.iloc[::-1]
figure, axes = plt.subplots(figsize=(8, 0.42 * len(bars) + 1), layout="constrained")
drawn = axes.barh(bars[PRODUCT], bars["Revenue"], color="#1f5a94")
labels = [f"{CURRENCY}{revenue:,} ({share:.1f}%)" for revenue, share in zip(bars["Revenue"], bars["Share in %"])]
axes.bar_label(drawn, labels, padding=4)
axes.set_title(f"Top {len(top)} products by revenue (share of the total)", loc="left", fontsize=12)
axes.spines[:].set_visible(False)
axes.tick_params(left=False, bottom=False, labelbottom=False)
axes.set_xlim(0, bars["Revenue"].max() * 1.2)
plt.show()

top

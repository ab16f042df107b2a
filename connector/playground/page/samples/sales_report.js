// An example: a file is read, a chart is drawn, a table is shown.

export const code = `import matplotlib.pyplot as plt
import pandas as pd

sales = pd.read_csv("sales.csv", parse_dates=["date"])
sales["revenue"] = sales["units"] * sales["unit_price"]
revenue = sales["revenue"].sum()
print(f"{len(sales)} orders, revenue {revenue:,.0f}")

# Revenue in thousands: a row per month, a column per region
sales["month"] = sales["date"].dt.month
by_month = sales.pivot_table(
    index="month", columns="region", values="revenue",
    aggfunc="sum",
)[["North", "East", "South", "West"]] / 1000

figure, axes = plt.subplots(
    figsize=(8, 4.4), layout="constrained"
)
by_month.plot.bar(
    ax=axes, stacked=True, width=0.72, rot=0,
    color=["#1f4e8c", "#4f83c4", "#93b5e1", "#c9d9ef"],
)
totals = by_month.sum(axis="columns")
for place, total in enumerate(totals):
    axes.annotate(
        f"{total:.0f}", (place, total), (0, 4),
        textcoords="offset points", ha="center",
        fontsize=9, color="#333333",
    )

axes.set_title(
    "Revenue in 2025, by month and region (thousands)",
    loc="left", fontweight="bold", pad=12,
)
axes.set_xlabel("")
axes.set_xticklabels([
    "Jan", "Feb", "Mar", "Apr", "May", "Jun",
    "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
])
axes.tick_params(length=0, labelcolor="#555555")
axes.yaxis.set_visible(False)
axes.spines[["top", "left", "right"]].set_visible(False)
axes.set_ylim(top=totals.max() * 1.2)
axes.legend(ncols=4, frameon=False, loc="upper left")
figure.savefig("/mnt/data/revenue.png", dpi=150)
plt.show()

# The last line of a program is its result
products = sales.groupby("product").agg(
    orders=("units", "size"),
    units=("units", "sum"),
    revenue=("revenue", "sum"),
)
products.sort_values("revenue", ascending=False).reset_index()`;

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.cluster import KMeans
from sklearn.preprocessing import StandardScaler

FILE = "/mnt/data/cd_orders.csv"
CUSTOMER = "CustomerID"
DATE = "OrderDate"
AMOUNT = "Amount"
CURRENCY = "$"

from reading import dates, numbers, read

orders = read(FILE, CUSTOMER, DATE, AMOUNT)
# For each customer: days since the last order, number of order days, and the total amount.
orders[DATE], orders[AMOUNT] = dates(orders[DATE]).dt.normalize(), numbers(orders[AMOUNT])
rows = len(orders)
orders = orders[orders[AMOUNT] > 0].dropna(subset=[CUSTOMER, DATE])
if orders[CUSTOMER].nunique() < 20:
    raise ValueError(
        f"{orders[CUSTOMER].nunique()} customers have an order with a date and a positive amount. Segments need 20 or "
        f"more; so few can be looked at one by one."
    )
today = orders[DATE].max()
customers = orders.groupby(CUSTOMER).agg(Last=(DATE, "max"), Orders=(DATE, "nunique"), Total=(AMOUNT, "sum"))
customers["Days"] = (today - customers["Last"]).dt.days

# Logarithms, because one customer with 100 orders would otherwise be a segment of its own.
measures = StandardScaler().fit_transform(np.log1p(customers[["Days", "Orders", "Total"]]))
customers["Group"] = KMeans(n_clusters=4, n_init=20, random_state=0).fit_predict(measures)

# Names that say what to do: by whether the typical customer of a group bought recently, and spends much.
typical = customers.groupby("Group")[["Days", "Total"]].median()
is_recent = typical["Days"] <= customers["Days"].mean()
spends_much = typical["Total"] >= customers["Total"].median()
names = {(True, True): "Champions", (False, True): "At risk", (True, False): "Promising", (False, False): "Lapsed"}
name_of = {group: names[is_recent[group], spends_much[group]] for group in typical.index}
customers["Segment"] = customers["Group"].map(name_of)

segments = customers.groupby("Segment").agg(
    Customers=("Total", "size"),
    Revenue=("Total", "sum"),
    **{"Median days since last order": ("Days", "median"), "Median orders": ("Orders", "median")},
)
segments["Customers in %"] = (100 * segments["Customers"] / segments["Customers"].sum()).round(0).astype(int)
segments["Revenue in %"] = (100 * segments["Revenue"] / segments["Revenue"].sum()).round(0).astype(int)
segments["Revenue per customer"] = (segments["Revenue"] / segments["Customers"]).round(0).astype(int)
segments = segments.drop(columns="Revenue").sort_values("Revenue in %", ascending=False).reset_index()

if len(orders) < rows:
    print(f"{rows - len(orders):,} of {rows:,} rows are left out: no {CUSTOMER}, no {DATE}, or no positive {AMOUNT}.")
best = segments.iloc[0]
print(
    f"{best['Segment']} are {best['Customers in %']:.0f}% of the customers, and bring {best['Revenue in %']:.0f}% of "
    f"the revenue, {CURRENCY}{best['Revenue per customer']:,.0f} each."
)
if "At risk" in set(segments["Segment"]):
    at_risk = segments.set_index("Segment").loc["At risk"]
    print(
        f"{at_risk['Customers']:,.0f} customers are at risk: they spent much, {CURRENCY}"
        f"{at_risk['Revenue per customer']:,.0f} each, but half of them did not order for "
        f"{at_risk['Median days since last order']:,.0f} days or more."
    )

customers["Total"] = customers["Total"].round(2)
customers[["Segment", "Last", "Orders", "Total"]].to_csv("/mnt/data/customer_segments.csv")

bars = segments.iloc[::-1]
place = np.arange(len(bars))
figure, axes = plt.subplots(figsize=(8, 4), layout="constrained")
for offset, column, color in ((0.19, "Customers in %", "#8a94a0"), (-0.19, "Revenue in %", "#1f5a94")):
    drawn = axes.barh(place + offset, bars[column], height=0.36, color=color)
    axes.bar_label(drawn, [f"{value:.0f}% of {column.split()[0].lower()}" for value in bars[column]], padding=4)
axes.set_yticks(place, bars["Segment"])
axes.set_title(f"Customer segments: {len(customers):,} customers, {today:%d %B %Y}", loc="left", fontsize=12)
axes.spines[:].set_visible(False)
axes.tick_params(left=False, bottom=False, labelbottom=False)
axes.set_xlim(0, segments[["Customers in %", "Revenue in %"]].max().max() * 1.3)
plt.show()

segments

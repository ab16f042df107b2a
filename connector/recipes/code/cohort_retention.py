import matplotlib.pyplot as plt
import pandas as pd

FILE = "/mnt/data/cd_orders.csv"
CUSTOMER = "CustomerID"
DATE = "OrderDate"
COHORT = "W"  # customers are grouped by the week of their first order: W, M (month) or Q (quarter)
PERIOD_DAYS = 30
PERIODS = 12

from reading import dates, read

orders = read(FILE, CUSTOMER, DATE)
orders[DATE] = dates(orders[DATE]).dt.normalize()
rows = len(orders)
orders = orders.dropna(subset=[CUSTOMER, DATE])
if orders.empty:
    raise ValueError(f"No row has both {CUSTOMER} and {DATE}.")
orders["First"] = orders.groupby(CUSTOMER)[DATE].transform("min")
orders["Cohort"] = orders["First"].dt.to_period(COHORT)
orders["Period"] = (orders[DATE] - orders["First"]).dt.days // PERIOD_DAYS

sizes = orders.groupby("Cohort")[CUSTOMER].nunique()
active = orders.pivot_table(index="Cohort", columns="Period", values=CUSTOMER, aggfunc="nunique", fill_value=0)
active = active.reindex(columns=range(PERIODS + 1), fill_value=0)
retention = 100 * active.div(sizes, axis=0)

# A period that is not over for everybody in the cohort would look like a fall. It stays empty.
end = orders[DATE].max()
for period in retention.columns:
    is_over = retention.index.end_time + pd.Timedelta(days=(period + 1) * PERIOD_DAYS) <= end + pd.Timedelta(days=1)
    retention.loc[~is_over, period] = None

known = retention.notna()
if not known[1].any():
    raise ValueError(
        f"The file ends {(end - orders['First'].min()).days} days after the first order. To see who came back, it has "
        f"to go on for {2 * PERIOD_DAYS} days after a cohort. Set a smaller PERIOD_DAYS, or a shorter COHORT."
    )
observed = [period for period in range(1, PERIODS + 1) if known[period].any()]
average = (active[known].sum() / known.mul(sizes, axis=0).sum() * 100).round(1)
print(
    f"Of {sizes.sum():,} customers in {len(sizes)} cohorts, {average[1]:.0f}% ordered again {PERIOD_DAYS} to "
    f"{2 * PERIOD_DAYS} days after their first order, and {average[observed[-1]]:.0f}% in the {PERIOD_DAYS} days "
    f"after day {observed[-1] * PERIOD_DAYS}."
)
if len(orders) < rows:
    print(f"{rows - len(orders):,} of {rows:,} rows are left out: they have no {CUSTOMER} or no {DATE}.")

shown = retention[observed]
figure, axes = plt.subplots(figsize=(9.5, 0.36 * len(shown) + 1.5), layout="constrained")
axes.imshow(shown, cmap="Blues", vmin=0, vmax=shown.max().max() * 1.3, aspect="auto")
for row in range(len(shown)):
    for column in range(shown.shape[1]):
        if pd.notna(share := shown.iloc[row, column]):
            axes.text(column, row, f"{share:.0f}%", ha="center", va="center", fontsize=9)
labels = [f"{cohort.start_time:%d %b %Y} ({size:,})" for cohort, size in sizes.items()]
axes.set_yticks(range(len(shown)), labels)
axes.set_xticks(range(shown.shape[1]), [f"{period * PERIOD_DAYS}" for period in shown.columns])
axes.set_xlabel(f"Days since the first order, in periods of {PERIOD_DAYS} days")
axes.set_title("Customers who ordered again, by the start of their cohort (its size)", loc="left", fontsize=12)
axes.spines[:].set_visible(False)
axes.tick_params(length=0)
plt.show()

table = retention.round(0).astype("Int64")
table.columns = [f"Day {period * PERIOD_DAYS}" for period in table.columns]
table.insert(0, "Customers", sizes)
table.insert(0, "First order", [f"{cohort.start_time:%Y-%m-%d}" for cohort in table.index])
table = table.drop(columns="Day 0").reset_index(drop=True)
table

import matplotlib.pyplot as plt
import pandas as pd

FILE = "/mnt/data/card_spending.csv"
DATE = "FIN.TRANSACTION DATE"
MERCHANT = "MCH.MERCHANT NAME"
AMOUNT = "FIN.TRANSACTION AMOUNT"
DAY_FIRST = True  # 04/01/2018 is 4 January; None if the texts of the dates leave no doubt
CURRENCY = "£"
LIMIT = 1_000  # payments above need an approval
DAYS = 7  # between payments that may be the same one, made twice
TIMES, SMALL = 5, 100  # unusual is this many times the usual payment to a merchant, and not a small amount

from reading import dates, numbers, read

payments = read(FILE, DATE, MERCHANT, AMOUNT)
payments = payments[[DATE, MERCHANT, AMOUNT]].set_axis(["Date", "Merchant", "Amount"], axis=1)
payments["Date"] = dates(payments["Date"], DAY_FIRST).dt.normalize()
payments["Amount"] = numbers(payments["Amount"])
payments = payments.sort_values("Date", kind="stable", ignore_index=True)
spent = payments[payments["Amount"] > 0]
found = []  # row, kind, reason


def report(rows, kind, reason):
    found.extend((row, kind, reason) for row in rows)


for column in ("Merchant", "Date", "Amount"):
    report(payments.index[payments[column].isna()], f"No {column.lower()}", f"No {column.lower()} is named")
report(spent.index[spent["Amount"] > LIMIT], "Above the limit", f"Above the limit of {CURRENCY}{LIMIT:,}")

# Payments on one day that stay below the limit one by one, but not together.
for _, same in spent.groupby(["Merchant", "Date"])["Amount"]:
    if len(same) > 1 and same.max() <= LIMIT < same.sum():
        reason = f"{len(same)} payments on this day are {CURRENCY}{same.sum():,.2f} together, above the limit"
        report(same.index, "Above the limit together", reason)

# The same amount again within some days. An amount that a merchant charges often is a fee, and no reason to ask.
for _, same in spent.groupby(["Merchant", "Amount"])["Date"]:
    if len(same) <= 3:
        again = same.index[same.diff().dt.days <= DAYS]
        report(again, "Perhaps paid twice", f"The same amount was paid to the same merchant within {DAYS} days")

# Far above what the merchant usually gets.
for _, own in spent.groupby("Merchant")["Amount"]:
    if len(own) >= 5:
        for row in own.index[(own > TIMES * own.median()) & (own > SMALL)]:
            reason = f"{own[row] / own.median():.0f} times the usual {CURRENCY}{own.median():,.2f}"
            report([row], "Unusual for the merchant", reason)

# Refunds of something that is not in the file.
paid = set(zip(spent["Merchant"], spent["Amount"]))
refunds = payments[(payments["Amount"] < 0) & payments["Merchant"].notna()]
unpaid = [key not in paid for key in zip(refunds["Merchant"], -refunds["Amount"])]
report(refunds.index[unpaid], "Refund only", "A refund without its payment")

reasons = pd.DataFrame(found, columns=["Row", "Kind", "Reason"])
table = payments.join(reasons.groupby("Row")["Reason"].agg(". ".join), how="inner")
table = table.sort_values("Amount", key=abs, ascending=False, kind="stable", ignore_index=True)
table["Date"] = table["Date"].dt.strftime("%Y-%m-%d")
table["Merchant"] = table["Merchant"].fillna("(none)")
table.to_csv("/mnt/data/payments_to_check.csv", index=False, encoding="utf-8-sig")

asked = table[table["Amount"] > 0]
print(
    f"{len(table)} of {len(payments)} payments should be looked at. {len(asked)} of them are expenses: "
    f"{CURRENCY}{asked['Amount'].sum():,.2f} of {CURRENCY}{spent['Amount'].sum():,.2f}."
)
if spent.empty:
    print("No amount is positive. If this file writes what was spent as negative, change the sign of AMOUNT first.")

kinds = (
    reasons.join(payments["Amount"].abs(), on="Row").groupby("Kind")["Amount"].agg(["size", "sum"]).sort_values("size")
)
figure, axes = plt.subplots(figsize=(8, 0.5 * max(1, len(kinds)) + 1), layout="constrained")
bars = axes.barh(kinds.index, kinds["size"], color="#c8641b")
labels = [f"{size} ({CURRENCY}{total:,.0f})" for size, total in zip(kinds["size"], kinds["sum"])]
axes.bar_label(bars, labels, padding=4)
axes.set_title("Payments to be looked at, by reason (their amount)", loc="left", fontsize=12)
axes.spines[:].set_visible(False)
axes.tick_params(left=False, bottom=False, labelbottom=False)
axes.set_xlim(0, kinds["size"].max() * 1.25 if len(kinds) else 1)
plt.show()

table

# mypy: ignore-errors
# ruff: noqa: F821
# by_year still exists: a session keeps its variables from run to run.
trough = by_year.loc[2006:, "sales"].idxmin()
fall = 1 - by_year.loc[trough, "sales"] / by_year.loc[2006, "sales"]
print(f"From 2006 to {trough} sales fell by {fall:.0%}.")

# Do sales fall in the years in which unemployment rises? -1 would be always, 0 no relation.
change = by_year.pct_change()
round(float(change["sales"].corr(change["unemployed_percent"])), 2)

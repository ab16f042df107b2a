import pandas as pd

# Uploaded files are in /mnt/data.
home_sales = pd.read_csv("/mnt/data/texas_home_sales.csv")
economy = pd.read_excel("/mnt/data/us_economy.xlsx")
cities = pd.read_json("/mnt/data/texas_cities.json")
for name, table in {"home_sales": home_sales, "economy": economy, "cities": cities}.items():
    print(f"{name}: {len(table):,} rows, {len(table.columns)} columns")

# Some areas do not report every month. A sum over all areas would grow merely because more of them report over time,
# so the comparison of years includes only areas that report every month.
is_complete = home_sales.groupby("city")["sales"].transform(lambda sales: sales.notna().all())
complete = home_sales[is_complete]
share = complete["sales"].sum() / home_sales["sales"].sum()
areas, complete_areas = home_sales["city"].nunique(), complete["city"].nunique()
print(f"{complete_areas} of {areas} areas report every month: {share:.0%} of all sales")

# The last year, 2015, ends in July and is omitted. Assigning a column aligns the two tables by year.
by_year = complete[complete["year"] < 2015].groupby("year")[["sales", "volume"]].sum()
by_year["average_price"] = by_year["volume"] / by_year["sales"]
unemployed_percent = economy["unemploy"] / economy["pop"] * 100
by_year["unemployed_percent"] = unemployed_percent.groupby(economy["date"].dt.year).mean()

print("\nYear   Homes sold   Average price ($)   Unemployed in the US (% of all people)")
for year in by_year.itertuples():
    print(f"{year.Index}   {year.sales:>10,.0f}   {year.average_price:>17,.0f}   {year.unemployed_percent:.1f}")

# Areas such as Collin County are not cities, so cities has no population for them. A left join keeps them.
in_2014 = home_sales[home_sales["year"] == 2014].groupby("city", as_index=False)["sales"].sum()
top_areas = in_2014.nlargest(10, "sales").merge(cities, how="left", left_on="city", right_on="name")
top_areas["per_1000"] = top_areas["sales"] / top_areas["population"] * 1000

print("\nTop ten of 2014     Homes sold   Per 1,000 residents (of today)")
for area in top_areas.itertuples():
    per_1000 = "-" if pd.isna(area.per_1000) else f"{area.per_1000:.1f}"
    print(f"{area.city:<18}  {area.sales:>10,.0f}   {per_1000}")

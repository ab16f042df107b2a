# mypy: ignore-errors
# ruff: noqa: F821
homes_sold = home_sales.groupby("city")["sales"].sum().to_dict()
print(f"El Paso: {homes_sold['El Paso']:,.0f}")
print(f"Santa Fe: {homes_sold['Santa Fe']:,.0f}")  # not in Texas

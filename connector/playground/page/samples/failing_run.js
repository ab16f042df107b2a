// An example: an error, with its line and a hint.

export const code = `import pandas as pd

orders = pd.DataFrame({
    "region": ["North", "South", "East", "West"],
    "units": [1240, 980, 1105, 760],
    "price": [39.0, 41.5, 39.0, 44.0],
})
print(f"{len(orders)} regions")

# The error names this line, and its hint the columns
orders["revenue"] = orders["unit"] * orders["price"]
orders`;

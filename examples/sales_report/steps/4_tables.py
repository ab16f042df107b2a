# mypy: ignore-errors
# ruff: noqa: F821
for column, title in {"sales": "Homes sold", "median": "Median price", "inventory": "Months of stock"}.items():
    complete.groupby("year")[column].mean().plot(title=f"{title}, mean of all areas", color=blue)
    plt.show()

with open("/mnt/data/top_areas.csv", "w") as file:
    top_areas.to_csv(file, index=False)

top_areas.head(3)

# mypy: ignore-errors
# ruff: noqa: F821
import matplotlib.pyplot as plt

blue, orange, grey = "#1f5a94", "#c8641b", "#5f6b76"
style = {"axes.spines.top": False, "axes.spines.right": False, "axes.titlelocation": "left", "axes.titlesize": 11}
colors = {"axes.edgecolor": "#b8c0c8", "xtick.color": grey, "ytick.color": grey, "grid.color": "#e6eaee"}
plt.rcParams.update(style | colors)

# A rolling total of twelve months: the strong seasonal variation cancels out.
months = pd.to_datetime(complete[["year", "month"]].assign(day=1))
yearly_total = complete.groupby(months)["sales"].sum().rolling(12).sum().dropna() / 1000
peak = yearly_total.loc[:"2009"].idxmax()
trough = yearly_total.loc["2007":"2012"].idxmin()
recovery = (yearly_total.loc[trough:] >= yearly_total[peak]).idxmax()

figure = plt.figure(figsize=(11, 6.2), layout="constrained")
figure.get_layout_engine().set(w_pad=0.12, h_pad=0.1)
grid = figure.add_gridspec(2, 2, width_ratios=[2, 1], height_ratios=[2, 1])

homes = figure.add_subplot(grid[0, 0])
homes.plot(yearly_total, color=blue, linewidth=2.4)
homes.fill_between(yearly_total.index, yearly_total, color=blue, alpha=0.1, linewidth=0)
homes.set_ylim(0, 380)
homes.set_title("Homes sold in the past twelve months (thousands)", color=blue)
homes.tick_params(labelbottom=False)
for month, offset in {peak: 12, trough: -20, recovery: 12}.items():
    point = (month, yearly_total[month])
    homes.plot(*point, "o", color=blue)
    homes.annotate(f"{month:%b %Y}: {point[1]:.0f}", point, (0, offset), textcoords="offset points", ha="center")

unemployed = figure.add_subplot(grid[1, 0], sharex=homes)
recent = economy[economy["date"] >= yearly_total.index[0]]
unemployed.plot(recent["date"], recent["unemploy"] / 1000, color=orange, linewidth=2.4)
unemployed.set_ylim(0, 17)
unemployed.set_title("Unemployed people in the United States (millions)", color=orange)

top_ten = figure.add_subplot(grid[:, 1])
bars = top_ten.barh(top_areas["city"], top_areas["sales"] / 1000, color=blue, height=0.7)
top_ten.bar_label(bars, fmt="%.1f", padding=4)
top_ten.set_title("Top ten of 2014 (thousands of homes)", color=blue)
top_ten.invert_yaxis()
top_ten.margins(x=0.15, y=0.02)
top_ten.spines[:].set_visible(False)
top_ten.tick_params(length=0, labelbottom=False)

for panel in (homes, unemployed):
    panel.grid(axis="y")
    panel.set_axisbelow(True)
    panel.tick_params(length=0)

years = round((recovery - peak).days / 365.25)
title = f"Texas home sales took {years} years to return to their {peak:%Y} peak"
note = f"Left: the {complete_areas} areas that report every month. Sources: Texas A&M Real Estate Center; FRED."
figure.suptitle(title, x=0.012, ha="left", fontsize=17, weight="bold")
figure.supxlabel(note, x=0.012, ha="left", fontsize=9, color=grey)

plt.savefig("/mnt/data/texas_home_sales.png", dpi=150)
plt.show()

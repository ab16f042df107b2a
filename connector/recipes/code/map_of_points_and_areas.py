import json

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.collections import PathCollection
from matplotlib.path import Path

POINTS = "/mnt/data/earthquakes.csv"
LATITUDE, LONGITUDE = "latitude", "longitude"
SIZE = "magnitude"  # how large a point is drawn
LABEL = "place"
SMALLEST = 4.5  # smaller ones are left out: weak earthquakes are only recorded where there are many stations
AREAS = "/mnt/data/countries.geojson"
AREA_NAME = "name"

from reading import names, numbers, read, short

points = read(POINTS, LATITUDE, LONGITUDE, SIZE, LABEL)
for column in (LATITUDE, LONGITUDE, SIZE):
    points[column] = numbers(points[column])
points[LABEL] = names(points[LABEL])
incomplete = points[[LATITUDE, LONGITUDE, SIZE]].isna().any(axis=1)
if incomplete.any():
    print(f"{incomplete.sum()} of {len(points)} rows are left out: {LATITUDE}, {LONGITUDE} or {SIZE} is empty.")
points = points[~incomplete & (points[SIZE] >= SMALLEST)].reset_index(drop=True)
if points.empty:
    raise ValueError(f"No {SIZE} is {SMALLEST} or more. Set a smaller SMALLEST.")
if not (points[LATITUDE].between(-90, 90).all() and points[LONGITUDE].between(-180, 180).all()):
    raise ValueError(f"Some coordinates are no degrees. Are {LATITUDE} and {LONGITUDE} swapped?")


def outline(polygons: list[list[list[list[float]]]]) -> Path:
    """One path of all outlines of an area: its islands, and the holes, which are outlines inside of another."""
    rings = [np.array(ring) for polygon in polygons for ring in polygon]
    codes = [[Path.MOVETO] + [Path.LINETO] * (len(ring) - 2) + [Path.CLOSEPOLY] for ring in rings]
    return Path(np.concatenate(rings), np.concatenate(codes))


with open(AREAS, encoding="utf-8") as file:
    features = json.load(file).get("features", [])
# GeoJSON has the longitude first.
positions = points[[LONGITUDE, LATITUDE]].to_numpy()
areas, outlines, inside = [], [], []
for feature in features:
    geometry, properties = feature["geometry"] or {}, feature["properties"] or {}
    if AREA_NAME not in properties:
        raise ValueError(f"An area of {AREAS} has no {AREA_NAME!r}. It has {list(properties)}. Set AREA_NAME.")
    if geometry.get("type") not in ("Polygon", "MultiPolygon"):
        continue
    polygons = geometry["coordinates"] if geometry["type"] == "MultiPolygon" else [geometry["coordinates"]]
    areas.append(properties[AREA_NAME])
    outlines.append(outline(polygons))
    # A point in a hole is inside of two outlines: Lesotho is not in South Africa.
    rings = [Path(ring).contains_points(positions) for polygon in polygons for ring in polygon]
    inside.append(np.sum(rings, axis=0) % 2 == 1)
if not areas:
    raise ValueError(f"{AREAS} has no areas: it needs features of the type Polygon or MultiPolygon.")
points["area"] = [areas[column.argmax()] if column.any() else "at sea" for column in np.array(inside).T]
counts = points["area"].value_counts()
on_land = counts.drop("at sea", errors="ignore")

most = on_land[on_land == on_land.max()]
where = (
    f"the most in {' and in '.join(sorted(most.index))} ({most.max()})" if len(on_land) else "so no country is colored"
)
strongest = points.loc[points[SIZE].idxmax()]
print(
    f"{len(points)} earthquakes of magnitude {SMALLEST} or more. The strongest was {strongest[SIZE]:.1f}, "
    f"{strongest[LABEL]}. {on_land.sum()} were on land, {where}; "
    f"{len(points) - on_land.sum()} were at sea, or nearer to a coast than the outlines are exact."
)


def area(size):
    """Of a drawn point, in square points: a magnitude more is three times the area."""
    return 9 * 3.0 ** (size - SMALLEST)


figure, axes = plt.subplots(figsize=(9, 4.9), layout="constrained")
shade = [counts.get(name, 0) for name in areas]
colors = plt.get_cmap("Blues")(np.array(shade) / max(1, *shade) * 0.55 + 0.12)
colors[np.array(shade) == 0] = (0.93, 0.93, 0.91, 1)
axes.add_collection(PathCollection(outlines, facecolors=colors, edgecolors="white", linewidths=0.5))
style = {"color": "#c2571a", "alpha": 0.65, "linewidths": 0}
axes.scatter(points[LONGITUDE], points[LATITUDE], s=area(points[SIZE]), **style)
axes.annotate(
    f"{strongest[SIZE]:.1f}  {short([strongest[LABEL]])[0]}",
    (strongest[LONGITUDE], strongest[LATITUDE]),
    (0, 42),
    textcoords="offset points",
    ha="center",
    fontsize=9,
    parse_math=False,
    arrowprops={"arrowstyle": "-", "color": "#555555"},
)
sizes = sorted({SMALLEST, round((SMALLEST + points[SIZE].max()) / 2, 1), float(points[SIZE].max())})
for size in sizes:
    axes.scatter([], [], s=area(size), label=f"{size:.1f}", **style)
axes.legend(title="Magnitude", loc="lower left", frameon=False, fontsize=9, title_fontsize=9)
axes.set_xlim(-180, 180)
axes.set_ylim(-62, 84)
# A degree of longitude is shorter in the north; on average over the inhabited latitudes this looks right.
axes.set_aspect(1.2)
axes.set_title(
    f"Earthquakes of magnitude {SMALLEST} or more. Darker countries had more on their land", loc="left", fontsize=12
)
axes.set_axis_off()
plt.show()

counts.rename_axis("Area").reset_index(name="Earthquakes").merge(
    points.groupby("area")[SIZE].max().rename_axis("Area").reset_index(name="Strongest"), on="Area"
).sort_values(["Earthquakes", "Area"], ascending=[False, True], ignore_index=True)

import json

import matplotlib.pyplot as plt
import pandas as pd

FILE = "/mnt/data/nobel_laureates.json"
RECORDS = "laureates"  # the list in the answer; each of its items becomes a row of the first table
KEY = "id"  # what the other tables refer to
SAME_COUNTRY = {"Scotland": "United Kingdom"}  # names that the service uses for parts of a country

with open(FILE, encoding="utf-8") as file:
    try:
        answer = json.load(file)
    except ValueError as error:
        raise ValueError(f"{FILE} is no JSON: {error}. Is it the answer itself, and complete?") from None
if not isinstance(answer, dict) or not isinstance(answer.get(RECORDS), list):
    has = list(answer) if isinstance(answer, dict) else f"a {type(answer).__name__} at the top"
    raise ValueError(
        f"The answer has no list {RECORDS!r}. It has {has}. Set RECORDS, or write answer for answer[RECORDS] below."
    )
first = answer[RECORDS][0] if answer[RECORDS] else {}
if missing := {KEY, "born", "died", "bornCountry", "prizes"} - set(first):
    raise ValueError(f"The records have no {sorted(missing)}. They have {list(first)}. Adapt the loop and the columns.")

# A table per level: a list inside a record is a table of its own, with the record's key. One flat table would repeat
# each person for every prize, and every count of persons would be wrong.
people, prizes, places = [], [], []
for person in answer[RECORDS]:
    people.append({name: value for name, value in person.items() if not isinstance(value, (list, dict))})
    for number, prize in enumerate(person.get("prizes", []), 1):
        prize_key = f"{person[KEY]}-{number}"
        prizes.append({"prize": prize_key, KEY: person[KEY]} | {k: prize.get(k) for k in ("year", "category", "share")})
        # This service says "no affiliation" with an empty list where an object should be: [[]].
        places += [{"prize": prize_key} | place for place in prize.get("affiliations", []) if place]

people, prizes, places = pd.DataFrame(people), pd.DataFrame(prizes), pd.DataFrame(places)
prizes["year"] = pd.to_numeric(prizes["year"])
for column in ("born", "died"):
    people[column] = pd.to_datetime(people[column], errors="coerce").dt.date

if not people[KEY].is_unique:  # the tables could not be joined
    raise ValueError(f"{KEY} is there twice: {people[KEY][people[KEY].duplicated()].tolist()[:5]}.")
tables = {"people": people, "prizes": prizes, "places": places}
for name, table in tables.items():
    table.to_csv(f"/mnt/data/{name}.csv", index=False)


def today(country: pd.Series) -> pd.Series:
    """'Prussia (now Poland)' is counted as Poland."""
    name = country.str.extract(r"\(now (.+)\)", expand=False).fillna(country).str.removeprefix("the ")
    return name.replace(SAME_COUNTRY)


joined = prizes.merge(people, on=KEY, validate="many_to_one").merge(places, on="prize", how="left")
joined["Born in"], joined["Worked in"] = today(joined["bornCountry"]), today(joined["country"])
known = joined.dropna(subset=["Born in", "Worked in"])
moved = int((known["Born in"] != known["Worked in"]).sum())
print(
    f"{len(people)} people, {len(prizes)} prizes, {len(places)} places of work: three tables. "
    f"{moved} of {len(known)} prizes went to someone who worked in another country than that of their birth; "
    f"{len(joined) - len(known)} prize has no place of work."
)

by_country = pd.DataFrame({side: known[side].value_counts() for side in ("Born in", "Worked in")}).fillna(0).astype(int)
by_country = by_country.sort_values(["Worked in", "Born in"]).rename_axis("Country")
axes = by_country.plot.barh(figsize=(8, 0.36 * len(by_country) + 1.2), color=["#a9c4de", "#1f5a94"], width=0.8)
axes.set_title("Prizes by country of birth and of work", loc="left", fontsize=12)
axes.set_xlabel("Prizes")
axes.set_ylabel("")
axes.xaxis.get_major_locator().set_params(integer=True)
axes.spines[["top", "right"]].set_visible(False)
axes.legend(loc="lower right", frameon=False, reverse=True)
axes.figure.tight_layout()
plt.show()

pd.DataFrame({"Table": name, "Rows": len(t), "Columns": ", ".join(t.columns)} for name, t in tables.items())

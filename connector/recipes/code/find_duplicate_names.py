import re
import unicodedata
from difflib import SequenceMatcher

import pandas as pd
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.neighbors import NearestNeighbors

FILE = "/mnt/data/suppliers.csv"
KEY = "supplier_id"
NAME = "name"
SURE, POSSIBLE = 95, 85  # likeness in %: from SURE on "the same", from POSSIBLE on "look at it"
OUTPUT = "/mnt/data/possible_duplicates.csv"

# Written in full, so that abbreviations match; legal forms are compared last, since they tell companies apart.
ABBREVIATIONS = {
    "assn": "association", "assoc": "association", "auth": "authority", "co": "company", "coop": "cooperative",
    "corp": "corporation", "dept": "department", "dist": "district", "el": "electric", "elec": "electric",
    "gen": "generation", "inc": "incorporated", "ltd": "limited", "lt": "light",
    "pub": "public", "serv": "service", "svc": "service", "trans": "transmission", "univ": "university",
}  # fmt: skip
LEGAL_FORMS = {"incorporated", "corporation", "company", "limited", "llc", "lp", "gmbh", "ag", "sa", "plc"}
NO_MEANING = {"the", "and", "of", "a", "dba"}

from reading import read

suppliers = read(FILE, KEY, NAME, dtype=str, keep_default_na=False)


def words(name: str) -> list[str]:
    text = "".join(c for c in unicodedata.normalize("NFKD", name.lower()) if not unicodedata.combining(c))
    text = re.sub(r"\b(?:[a-z]\.){2,}", lambda match: match[0].replace(".", ""), text)  # L.L.C. -> llc
    text = text.replace("limited partnership", "lp").replace("d/b/a", "dba")
    found = re.findall(r"[^\W_]+", text)
    return [ABBREVIATIONS.get(word, word) for word in found if word not in NO_MEANING] or found


suppliers["words"] = suppliers[NAME].map(words)
nameless = ~suppliers["words"].astype(bool)
suppliers = suppliers[~nameless].reset_index(drop=True)
if len(suppliers) < 2:
    raise ValueError(f"{len(suppliers)} rows have a name: there is nothing to compare.")
suppliers["core"] = suppliers["words"].map(
    lambda found: " ".join(w for w in found if w not in LEGAL_FORMS) or " ".join(found)
)

# All pairs of 100,000 names would take days. Only each name's nearest neighbors by their letters are compared.
letters = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 4)).fit_transform(suppliers["core"])
neighbors = NearestNeighbors(n_neighbors=min(8, len(suppliers)), metric="cosine").fit(letters)
near = neighbors.kneighbors(letters, return_distance=False)
candidates = sorted({(min(i, j), max(i, j)) for i, row in enumerate(near) for j in map(int, row) if i != j})


def why(a: list[str], b: list[str]) -> str:
    """What differs, in words: a person decides by it."""
    differ = sorted(set(a) ^ set(b))
    if not differ:
        return "same words" if a == b else "same words in another order"
    if set(differ) <= LEGAL_FORMS:
        return f"only the legal form: {', '.join(differ)}"
    if any(word.isdigit() for word in differ):
        return f"CAUTION, numbers differ: {', '.join(differ)}"
    return f"differs: {', '.join(differ)}"


pairs = []
for i, j in candidates:
    first, second = suppliers.iloc[i], suppliers.iloc[j]
    in_order = SequenceMatcher(None, first["core"], second["core"], autojunk=False).ratio()
    sorted_words = (" ".join(sorted(row["core"].split())) for row in (first, second))
    likeness = round(100 * max(in_order, SequenceMatcher(None, *sorted_words, autojunk=False).ratio()))
    # One other word, such as North and South, makes another company, however alike the letters are; so do two
    # different legal forms. A form that is only missing does not.
    own_words = set(first["core"].split()) ^ set(second["core"].split())
    forms = [LEGAL_FORMS.intersection(row["words"]) for row in (first, second)]
    other_form = all(forms) and not forms[0] & forms[1]
    if likeness >= POSSIBLE:
        verdict = "the same" if likeness >= SURE and not own_words and not other_form else "look at it"
        reason = why(first["words"], second["words"])
        as_written = SequenceMatcher(None, first[NAME].lower(), second[NAME].lower(), autojunk=False).ratio()
        pairs.append((verdict, likeness, first[KEY], first[NAME], second[KEY], second[NAME], reason, as_written))
columns = ["Verdict", "Likeness", "ID 1", "Name 1", "ID 2", "Name 2", "Why", "as written"]
# The most alike first; among those, the ones that are written most differently.
pairs = pd.DataFrame(pairs, columns=columns).sort_values(
    ["Verdict", "Likeness", "as written", "ID 1"], ascending=[False, False, True, True], ignore_index=True
)
pairs = pairs.drop(columns="as written")
pairs.to_csv(OUTPUT, index=False)

sure = pairs[pairs["Verdict"] == "the same"]
print(
    f"{len(suppliers)} names. {len(sure)} pairs are probably the same company written differently, and "
    f"{len(pairs) - len(sure)} pairs need a look. Nothing was merged: mark the right pairs in {OUTPUT.split('/')[-1]}."
)
if nameless.any():
    print(f"{nameless.sum()} rows have no name with letters or digits, and were not compared.")

# Of each verdict, the first: all pairs are in the file.
pairs.groupby("Verdict", sort=False).head(7).reset_index(drop=True)

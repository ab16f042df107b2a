import re
import textwrap

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.decomposition import NMF
from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS, TfidfVectorizer

FILE = "/mnt/data/product_reviews.csv"
TEXT = "text"
RATING = "rating"  # None if the texts have none
NEITHER = (-0.5, 0.5)  # ratings below are complaints, ratings above are praise; (3, 3) for one to five stars
SUBJECTS = 11  # try a few: too few mix subjects, too many split them
CLEAR = 0.5  # share of its main subject from which on a text is assigned to it
# Words that do not tell one subject from another, besides the usual ones such as "the": what all texts are about,
# praise and complaints, and what people say anyway.
IGNORED = """
    dvd player apex ad unit machine model product
    good great best better excellent nice love bad poor worst suck crap junk wrong like pleased recommend problem
    just did didn does doesn don isn wasn won wouldn couldn ve ll im use used using want need make got get getting
    buy bought purchased purchase tried try trying know think say said going thing lot far really say able having took
""".split()
SHORT = 62  # characters of an example that the chart has room for
OUTPUT = "/mnt/data/texts_with_subject.csv"

texts = pd.read_csv(FILE)
missing = {TEXT, RATING} - {None, *texts.columns}
if missing:
    raise ValueError(f"The file has no column {sorted(missing)}. It has the columns {list(texts.columns)}.")
texts = texts[texts[TEXT].fillna("").str.strip() != ""].reset_index(drop=True)

WORD = re.compile(r"[^\W\d_]{2,}")
used = set(WORD.findall(" ".join(texts[TEXT]).lower()))


def words_of(text: str) -> list[str]:
    """The words of a text, without a plural s if the texts have the singular: 'movie' and 'movies' are one word."""
    found = WORD.findall(text.lower())
    return [word[:-1] if word.endswith("s") and len(word) > 3 and word[:-1] in used else word for word in found]


ignored = sorted({word for each in ENGLISH_STOP_WORDS | set(IGNORED) for word in words_of(each)})
# A word of a single text says nothing about the others.
vectorizer = TfidfVectorizer(tokenizer=words_of, token_pattern=None, stop_words=ignored, sublinear_tf=True, min_df=2)
weights = vectorizer.fit_transform(texts[TEXT])
# Each text becomes a sum of subjects, and each subject a list of words. This start makes it the same in every run.
model = NMF(SUBJECTS, init="nndsvd", max_iter=2000, random_state=0)
parts = model.fit_transform(weights)
parts = parts / np.maximum(parts.sum(axis=1, keepdims=True), 1e-12)
main = parts.argmax(axis=1)
clear = parts.max(axis=1) >= CLEAR

words = vectorizer.get_feature_names_out()
names = [", ".join(words[index] for index in np.argsort(-each, kind="stable")[:3]) for each in model.components_]
texts["subject"] = [names[subject] if sure else "several, or none" for subject, sure in zip(main, clear)]
texts["share"] = parts.max(axis=1).round(2)
texts.to_csv(OUTPUT, index=False)

if RATING:
    kinds = {"Complaints": texts[RATING] < NEITHER[0], "Praise": texts[RATING] > NEITHER[1]}
else:
    kinds = {"Texts": pd.Series(True, texts.index)}


def typical(inside: pd.Series, subject: int) -> str:
    """Of these texts, a short one, if there is one, with most words of the subject's name and few of other subjects."""
    name = set(names[subject].split(", "))
    rank = [
        (len(text) > SHORT, -len(name & set(words_of(text))), -parts[i, subject].round(1), -len(text), i)
        for i, text in texts.loc[inside, TEXT].items()
    ]
    return texts[TEXT][min(rank)[-1]] if rank else ""


rows = []
for subject, name in enumerate(names):
    inside = clear & (main == subject)
    row = {"Subject": name, "Texts": int(inside.sum())}
    row |= {kind: int((inside & of_kind).sum()) for kind, of_kind in kinds.items()}
    rows.append(row | {f"Typical: {kind}": typical(inside & of_kind, subject) for kind, of_kind in kinds.items()})
subjects = pd.DataFrame(rows).sort_values(["Texts", "Subject"], ascending=[False, True], ignore_index=True)

for kind, of_kind in kinds.items():
    top = subjects.loc[subjects[kind].idxmax()]
    print(
        f"{kind}: {of_kind.sum()} of {len(texts)} texts. Most are about {top['Subject']!r}: {top[kind]}, such as "
        f"{top[f'Typical: {kind}']!r}."
    )
print(
    f"{(~clear).sum()} texts are about several subjects, or none of these. Names are the subjects' most typical words: "
    f"read the examples before you use them."
)

figure, panels = plt.subplots(
    1, len(kinds), sharex=True, sharey=True, squeeze=False, figsize=(10, 0.6 * SUBJECTS + 0.6), layout="constrained"
)
shown = subjects.iloc[::-1].reset_index(drop=True)
for axes, (kind, of_kind) in zip(panels[0], kinds.items()):
    color = "#c2571a" if kind == "Complaints" else "#1f5a94"
    axes.bar_label(axes.barh(shown["Subject"], shown[kind], color=color, height=0.4), padding=4)
    for row, quote in enumerate(shown[f"Typical: {kind}"]):
        short = textwrap.shorten(quote, SHORT, placeholder=" …")
        axes.annotate(f"“{short}”" if quote else "", (0, row), (2, -17), textcoords="offset points", fontsize=8)
    axes.set_title(f"{kind}: {shown[kind].sum()} of {of_kind.sum()}, with a typical one", loc="left", fontsize=12)
    axes.set_ylim(-0.75, SUBJECTS - 0.5)
    axes.spines[:].set_visible(False)
    axes.tick_params(left=False, bottom=False, labelbottom=False)
axes.set_xlim(0, shown[list(kinds)].to_numpy().max() * 1.12)
plt.show()

subjects

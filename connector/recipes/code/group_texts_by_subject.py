import re

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.decomposition import NMF
from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS, TfidfVectorizer

FILE = "/mnt/data/customer_questions.csv"
TEXT = "question"
SUBJECTS = 11  # try a few: too few mix subjects, too many split them
CLEAR = 0.4  # share of its main subject from which on a text is assigned to it
# Words that say nothing about the subject, besides the usual ones such as "the".
IGNORED = {
    "hi", "hello", "please", "help", "tell", "know", "think", "want", "need", "like", "just", "did", "does", "don",
    "doesn", "isn", "didn", "hasn", "ve", "im", "make", "way", "why",
}  # fmt: skip
OUTPUT = "/mnt/data/texts_with_subject.csv"

texts = pd.read_csv(FILE)
if TEXT not in texts.columns:
    raise ValueError(f"The file has no column {[TEXT]}. It has the columns {list(texts.columns)}.")
texts = texts[texts[TEXT].fillna("").str.strip() != ""].reset_index(drop=True)


def words_of(text: str) -> list[str]:
    """The words of a text without a plural s: 'rate' and 'rates' are one word."""
    found = re.findall(r"[a-z]{2,}|[$€£]", text.lower())
    return [w[:-1] if len(w) > 3 and w.endswith("s") and not w.endswith(("ss", "us", "is")) else w for w in found]


stop_words = sorted({w for word in (ENGLISH_STOP_WORDS | IGNORED) - {"find", "show", "bill"} for w in words_of(word)})
vectorizer = TfidfVectorizer(tokenizer=words_of, token_pattern=None, stop_words=stop_words, sublinear_tf=True)
weights = vectorizer.fit_transform(texts[TEXT])
# Each text becomes a sum of subjects, and each subject a list of words. This start makes it the same in every run.
model = NMF(SUBJECTS, init="nndsvd", max_iter=2000, random_state=0)
parts = model.fit_transform(weights)
parts = parts / np.maximum(parts.sum(axis=1, keepdims=True), 1e-12)
main = parts.argmax(axis=1)
clear = parts.max(axis=1) >= CLEAR

words = vectorizer.get_feature_names_out()
names = [
    ", ".join(words[index] for index in np.argsort(-component, kind="stable")[:3]) for component in model.components_
]
texts["subject"] = [names[subject] if sure else "several, or none" for subject, sure in zip(main, clear)]
texts["share"] = parts.max(axis=1).round(2)
texts.to_csv(OUTPUT, index=False)

rows = []
for subject, name in enumerate(names):
    inside = clear & (main == subject)
    # Typical are texts that are about this subject alone; of equally typical ones, the shorter.
    order = sorted(np.flatnonzero(inside), key=lambda i: (-round(parts[i, subject], 2), len(texts[TEXT].iloc[i]), i))
    quotes = [texts[TEXT].iloc[i] for i in order[:2]] + ["", ""]
    rows.append({"Subject": name, "Texts": int(inside.sum()), "Typical": quotes[0], "Another": quotes[1]})
subjects = pd.DataFrame(rows).sort_values(["Texts", "Subject"], ascending=[False, True], ignore_index=True)

top = subjects.iloc[0]
print(
    f"Most of the {len(texts)} texts are about {top['Subject']!r} ({top['Texts']}), such as {top['Typical']!r}. "
    f"{(~clear).sum()} texts are about several subjects, or none of these. Names are the subjects' most typical words: "
    f"read the examples before you use them."
)

figure, axes = plt.subplots(figsize=(9, 0.62 * SUBJECTS + 0.9), layout="constrained")
shown = subjects.iloc[::-1].reset_index(drop=True)
bars = axes.barh(shown["Subject"], shown["Texts"], color="#1f5a94", height=0.45)
axes.bar_label(bars, padding=4)
for row, quote in enumerate(shown["Typical"]):
    short = quote if len(quote) <= 80 else quote[:79] + "…"
    axes.annotate(f"“{short}”", (0, row), (2, -19), textcoords="offset points", fontsize=8.5, color="#555555")
axes.set_title(f"What {clear.sum()} of {len(texts)} questions are about, with a typical one", loc="left", fontsize=12)
axes.set_xlim(0, shown["Texts"].max() * 1.12)
axes.set_ylim(-0.75, SUBJECTS - 0.5)
axes.spines[:].set_visible(False)
axes.tick_params(left=False, bottom=False, labelbottom=False)
plt.show()

subjects

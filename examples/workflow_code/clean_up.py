"""The code of the clean-up. Keep it in a library or container of your own: the next run uses it as it is then.

It reads /mnt/data/input.csv in chunks, so that the file may be larger than the memory, writes /mnt/data/cleaned.csv,
prints what it has changed, and ends with the number of rows and the size in bytes, for workflows that need to know.
"""

import csv
from pathlib import Path

import pandas as pd

SOURCE, RESULT = "/mnt/data/input.csv", "/mnt/data/cleaned.csv"
ROWS_AT_A_TIME = 100_000


def text_format() -> tuple[str, str]:
    """The encoding and the separator of the file, found in its beginning."""
    with open(SOURCE, "rb") as file:
        beginning = file.read(65_536)
    # Without the last line, which may end in the middle of a character.
    beginning = beginning[: beginning.rfind(b"\n") + 1] or beginning
    try:
        text, encoding = beginning.decode("utf-8-sig"), "utf-8-sig"
    except UnicodeDecodeError:
        text, encoding = beginning.decode("cp1252"), "cp1252"
    try:
        return encoding, csv.Sniffer().sniff(text, delimiters=",;\t|").delimiter
    except csv.Error:  # as for a single column
        return encoding, max(",;\t|", key=text.partition("\n")[0].count)


encoding, separator = text_format()
read = written = trimmed = empty = 0
seen: set[int] = set()
with open(RESULT, "w", encoding="utf-8", newline="") as cleaned:
    chunks = pd.read_csv(
        SOURCE, dtype=str, keep_default_na=False, encoding=encoding, sep=separator, chunksize=ROWS_AT_A_TIME,
        skip_blank_lines=False,
    )  # fmt: skip
    for chunk in chunks:
        read += len(chunk)
        chunk.columns = [" ".join(str(name).split()) for name in chunk.columns]
        tidy = chunk.apply(lambda column: column.str.split().str.join(" "))
        trimmed += int((tidy != chunk).to_numpy().sum())
        without_empty = tidy[(tidy != "").any(axis=1)]
        empty += len(tidy) - len(without_empty)
        hashes = pd.util.hash_pandas_object(without_empty, index=False)
        new = ~(hashes.duplicated() | hashes.isin(seen))
        seen.update(hashes[new])
        without_empty[new].to_csv(cleaned, index=False, header=written == 0)
        written += int(new.sum())

print(f"{read:,} rows read, {written:,} kept.")
print(f"{empty:,} empty rows and {read - empty - written:,} repeated rows were left out.")
print(f"{trimmed:,} values had superfluous spaces.")
print(
    f"The file was {encoding.removesuffix('-sig')} with {separator!r} between values; the result is UTF-8 with commas."
)
{"rows": written, "size": Path(RESULT).stat().st_size}

"""What recipes begin with: functions that read a table, and refuse what would give a wrong answer without a word.

The catalog copies those that a recipe imports into its code, so that it is complete in a session.
"""

import pandas as pd


def csv_format(path):
    """Separator, decimal character and encoding: UTF-8, or what Excel in Western Europe writes."""
    with open(path, "rb") as file:
        header, rows = file.readline(), file.read(100_000).decode("latin-1")
    try:
        with open(path, encoding="utf-8") as file:
            while file.read(1_000_000):
                pass
        encoding = "utf-8"
    except UnicodeDecodeError:
        encoding = "utf-16" if header.startswith(b"\xff\xfe") else "cp1252"
    separator = max(",;\t", key=lambda character: header.count(character.encode()))
    decimal = "," if separator != "," and pd.Series([rows]).str.contains(r"\d,\d").any() else "."
    return {"sep": separator, "decimal": decimal, "encoding": encoding, "encoding_errors": "replace"}


def read(path, *columns, sheet=0, **how):
    """A table with these columns, from Excel or CSV. `how` is for pandas, such as dtype=str."""
    with open(path, "rb") as file:
        start = file.read(4)
    if start == b"\xd0\xcf\x11\xe0":
        raise ValueError(f"{path} is protected, or of an old version of Excel. Save it as .xlsx without a password.")
    if start.startswith(b"PK"):
        with pd.ExcelFile(path) as book:
            if isinstance(sheet, str) and sheet not in book.sheet_names:
                raise ValueError(f"{path} has no sheet {sheet!r}. It has {book.sheet_names}.")
            table = pd.read_excel(book, sheet_name=sheet, **how)
    else:
        try:
            table = pd.read_csv(path, **csv_format(path), **how)
        except (pd.errors.EmptyDataError, pd.errors.ParserError) as error:
            raise ValueError(f"{path} is no table with a header in its first line: {error}") from None
    missing = [column for column in columns if column not in table.columns]
    if missing:
        raise ValueError(f"{path} has no column {missing}. It has the columns {list(table.columns)}.")
    if table.empty:
        raise ValueError(f"{path} has no rows below its header.")
    return table


def numbers(column):
    """Refuses texts such as '$1,200' or 'unknown': they would be joined, or left out."""
    texts = column[column.notna() & pd.to_numeric(column, errors="coerce").isna()]
    if pd.api.types.is_numeric_dtype(column) and column.notna().any():
        return column
    if column.isna().all():
        raise ValueError(f"{column.name} has no values.")
    example = (texts if len(texts) else column.dropna()).iloc[0]
    raise ValueError(
        f"{column.name} has {max(1, len(texts))} texts that are no numbers, such as {example!r}. Replace them first: a "
        f"number has no currency and no thousands separator, and an empty cell is a missing value."
    )


def dates(column, day_first=None):
    """Dates of Excel, numbers of days as Excel counts them, and texts in which day and month cannot be mistaken.

    A time zone is cut off: what counts is the time as it is written.
    """
    if column.isna().all():
        raise ValueError(f"{column.name} has no dates.")
    if pd.api.types.is_datetime64_any_dtype(column):
        return column.dt.tz_localize(None)
    if pd.api.types.is_numeric_dtype(column):
        if column.dropna().between(20_000, 80_000).all():
            return pd.to_datetime(column, unit="D", origin="1899-12-30")
        raise ValueError(f"{column.name} has numbers such as {column.dropna().iloc[0]}, which are no days of Excel.")
    # Each text is read once, however many rows have it.
    text = pd.Series(column.dropna().unique()).astype("string").str.strip()
    plain = text.str.replace(r"(:\d\d(\.\d+)?)(Z|[+-]\d\d:?\d\d)$", r"\1", regex=True)
    parts = plain.str.extract(r"^(\d\d?)([./-])(\d\d?)\2\d").dropna()
    first, second = parts[0].astype(int), parts[2].astype(int)
    if len(parts) and day_first is None:
        if not ((first > 12).any() or (second > 12).any() or (parts[1] == ".").all()):
            raise ValueError(
                f"{column.name} has dates such as {text[parts.index[0]]!r}, which can be read in two ways. Write "
                f"day_first=True or day_first=False into the parentheses of dates(...)."
            )
        day_first = not (second > 12).any()
    found = pd.to_datetime(plain, errors="coerce", format="mixed")
    if day_first and len(parts):
        found[parts.index] = pd.to_datetime(plain[parts.index], errors="coerce", format="mixed", dayfirst=True)
    wrong = found.isna() | ~plain.str.contains(r"\d{4}|\d[./-]\d+[./-]\d")
    wrong[parts.index] |= (second if day_first else first) > 12
    if wrong.any():
        raise ValueError(
            f"{column.name} has {wrong.sum()} texts that are no such dates, such as {text[wrong].iloc[0]!r}. Correct "
            f"them, or leave their rows out."
        )
    return column.map(dict(zip(column.dropna().unique(), found))).astype("datetime64[ns]")


def names(column):
    """Texts, also of numbers such as 1001; rows without a name keep their amount, as '(none)'."""
    if pd.api.types.is_float_dtype(column) and (column.dropna() % 1 == 0).all():
        column = column.astype("Int64")
    return column.astype("string").str.strip().replace("", pd.NA).fillna("(none)").astype(object)


def short(labels, length=38):
    """Long names would leave no room for a chart."""
    return [label if len(label) <= length else f"{label[: length - 1]}…" for label in map(str, labels)]

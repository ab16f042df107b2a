"""Columns, labels and keys that do not exist: those that do, and the nearest."""

import ast
import difflib
import re

from .failure import Failure, Link, alternatives, listed

_QUOTED = re.compile(r"'((?:[^'\\]|\\.)*)'|\"((?:[^\"\\]|\\.)*)\"")
_ONE_COLUMN = re.compile(r"columns \[(?P<label>'[^'\]]*')\]")
"""In a message of the code's own, such as that of a recipe."""
_SHOWN = 20
_MOST_LABELS, _LONGEST_LABEL = 100, 100
"""That are compared with the one that does not exist: sessions report fewer and shorter ones."""


def hint(failure: Failure) -> str | None:
    if failure.error.name == "KeyError" and "environ[" in failure.source:
        return "The session has no such environment variable. Put the value into the code."
    sheets = failure.error.texts("sheets")
    if sheets and "orksheet" in failure.error.message:
        return f"The sheets are: {listed(sheets, failure.error.number('labelCount'), most=_SHOWN)}."
    stated = _ONE_COLUMN.search(failure.error.message[:2000]) if failure.error.name == "ValueError" else None
    if stated:
        return _read_as_one(stated["label"])
    for link in failure.links:
        for kind in ("columns", "keys", "labels"):
            labels = link.texts(kind)
            if labels and (link is failure.error or failure.error.name == link.name):
                return _hint(failure, link, kind, labels)
    if failure.error.name == "AttributeError" and failure.error.texts("similar"):
        return f"Did you mean {alternatives(failure.error.texts('similar'))}?"
    return None


def _hint(failure: Failure, link: Link, kind: str, labels: list[str]) -> str | None:
    wanted = _wanted(link)
    if wanted in labels:
        return None  # it is looked for elsewhere
    if link.name == "AttributeError" and link.texts("similar"):
        return f"Did you mean {alternatives(link.texts('similar'))}?"
    nearest = _nearest(wanted, labels)
    if kind == "columns" and len(labels) == 1:
        one = _read_as_one(labels[0])
        if one:
            return one
    if kind == "labels":
        return _of_rows(link, labels, nearest, wanted)
    what = "columns" if kind == "columns" else "keys"
    all_of_them = f"The {what} are: {listed(labels, link.number('labelCount'), most=_SHOWN)}."
    if nearest is None:
        return all_of_them
    return f"{_difference(wanted, nearest, what)} {all_of_them}"


def _read_as_one(label: str) -> str | None:
    """Of the only column, as its repr."""
    separator = next((mark for mark in (";", "\\t", "|") if mark in label), None)
    if separator is None:
        return None
    return f"The file was read as one column, {label}. Read it with `sep={separator!r}`.".replace("\\\\", "\\")


def _of_rows(link: Link, labels: list[str], nearest: str | None, wanted: str) -> str | None:
    if link.name != "KeyError":
        return None
    if re.fullmatch(r"-?\d+", wanted) and not all(re.fullmatch(r"-?\d+", label) for label in labels[:5]):
        return f"[{wanted}] looks up a label. By position, use .iloc[{wanted}]."
    similar = f" Did you mean {nearest}?" if nearest else ""
    return f"The labels are: {listed(labels, link.number('labelCount'))}.{similar}"


def _wanted(link: Link) -> str:
    """The repr of the label that does not exist."""
    message = link.message
    attribute = re.search(r"has no attribute '(\w+)'", message)
    if attribute:
        return repr(attribute[1])
    quoted = _QUOTED.fullmatch(message.strip())
    inner = (quoted[1] or quoted[2] or "") if quoted else message
    if quoted and not re.search(r"not in index|are in the|do not exist|not found", inner):
        return repr(_evaluated(message.strip()))
    if re.fullmatch(r"-?[\d.]+", message):
        return message
    found = re.search(r"'([^']*)'", inner) or re.search(r": (\w+)$", inner)
    return repr(found[1]) if found else inner


def _evaluated(text: str) -> object:
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return text


def _nearest(wanted: str, labels: list[str]) -> str | None:
    plain = {_plain(label[:_LONGEST_LABEL]): label for label in reversed(labels[:_MOST_LABELS])}
    same = plain.get(_plain(wanted[:_LONGEST_LABEL]))
    if same:
        return same
    close = difflib.get_close_matches(_plain(wanted[:_LONGEST_LABEL]), plain, 1, 0.7)
    return plain[close[0]] if close else None


def _plain(label: str) -> str:
    """The label without what is easily overlooked."""
    text = str(_evaluated(label)) if label[:1] in "'\"" else label
    return re.sub(r"[\W_]+", "", text).casefold() or text


def _difference(wanted: str, nearest: str, what: str) -> str:
    theirs, ours = _evaluated(nearest), _evaluated(wanted)
    if not isinstance(theirs, str):
        kind = "a number" if isinstance(theirs, int | float) else f"a {type(theirs).__name__}"
        return f"Did you mean {nearest}, without quotes? It is {kind}, not text."
    if theirs.startswith(("\ufeff", "ï»¿")):
        return f"{nearest} begins with a byte order mark: read the file with `encoding='utf-8-sig'`."
    if what == "columns" and isinstance(ours, str) and theirs.strip() == ours:
        return f"Did you mean {nearest}, with spaces around it? Remove them: `df.columns = df.columns.str.strip()`."
    return f"Did you mean {nearest}?"

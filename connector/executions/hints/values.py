"""Values that are not what a function expects: numbers and dates of other countries, JSON, keyboard input."""

import re

from .failure import Failure

_NUMBER = re.compile(
    r"(?:could not convert string to float:|texts that are no numbers, such as) '(?P<text>[^']*)'"  # so recipes say it
    r"|Unable to parse string (?P<quote>[\"'])(?P<other>.*?)(?P=quote)"
)
_MESSAGES = (
    (
        r"Object of type (?:int64|int32|float64|float32|bool_?|ndarray|Timestamp|datetime|date|Decimal|DataFrame|"
        r"Series|NAType|set)"
        r" is not JSON serializable",
        "Convert it first: value.item() for numbers, .tolist() for arrays, .to_dict('records') for frames; or pass "
        "`default=str` to json.dumps.",
    ),
    (
        r"JSONDecodeError: Expecting property name enclosed in double quotes",
        "JSON needs double quotes: read the text of a Python dictionary or list with ast.literal_eval.",
    ),
    (
        r"JSONDecodeError: Expecting value: line 1 column 1 \(char 0\)",
        "The text is empty or not JSON: print its beginning.",
    ),
    (
        r"JSONDecodeError: Extra data",
        "The text has several JSON documents. If it has one per line, use json.loads on each, or "
        "pd.read_json(lines=True).",
    ),
    (
        r"no display name and no \$DISPLAY|couldn't connect to display",
        "Sessions have no display. Draw with matplotlib.",
    ),
    (r"unsupported locale setting", "Other locales are not installed: format numbers and dates in the code."),
    (
        r"dtype='numeric' is not compatible with arrays of bytes/strings",
        "Encode text columns first, with pd.get_dummies or OneHotEncoder.",
    ),
    (r"You are trying to merge on", "Convert both keys to the same type first, for example with df['id'].astype(str)."),
    (r"Exceeds the limit .* for integer string conversion", "Call sys.set_int_max_str_digits(0) first."),
    (
        r"month must be in 1\.\.12|day is out of range for month|doesn't match format",
        "State the format: pd.to_datetime(s, format='%d.%m.%Y'), or pass `dayfirst=True`.",
    ),
    (
        (
            r"Cannot convert non-finite values \(NA or inf\) to integer|cannot convert float NaN to integer|"
            r"cannot convert NA to integer"
        ),
        "Fill or drop missing values first, or use astype('Int64').",
    ),
    (r"Excel does not support (?:datetimes|timezone)", "Remove the time zone first: s.dt.tz_localize(None)."),
    (
        (
            r"Tz-aware datetime|Cannot compare tz-naive and tz-aware|can't compare offset-naive and offset-aware|"
            r"Cannot subtract tz-naive and tz-aware"
        ),
        "Give both a time zone or neither: s.dt.tz_localize('UTC'), or s.dt.tz_localize(None).",
    ),
    (
        r"Input (?:X |y )?contains NaN",
        "Fill or drop missing values first: df.dropna(), or sklearn.impute.SimpleImputer.",
    ),
    (
        (
            r"Invalid file path or buffer object type|expected str, bytes or os\.PathLike object, not (?:DataFrame|"
            r"list|NoneType)"
        ),
        "Pass a path, such as '/mnt/data/name.csv'.",
    ),
)
_PATTERNS = [(re.compile(pattern), remedy) for pattern, remedy in _MESSAGES]


def hint(failure: Failure) -> str | None:
    error = failure.error
    if error.name == "StdinNotImplementedError":
        if re.search(r"\bbreakpoint\(|\bset_trace\(", failure.source):
            return "Debuggers are not supported here. Remove the call, and print what you need to see."
        return "input() is not supported here. Put the value into the code."
    text = f"{error.name}: {error.message[:2000]}"
    for pattern, remedy in _PATTERNS:
        if pattern.search(text):
            return remedy
    number = _NUMBER.search(error.message) if error.name == "ValueError" else None
    if number is None or re.search(r"\bfloat\(", failure.source):  # a single value, whatever it is
        return None
    return _number(number["text"] or number["other"] or "")


def _number(text: str) -> str | None:
    bare = text.strip().strip("€$£%¥ \u00a0+-")
    if re.fullmatch(r"\d{1,3}(?:[.\u00a0 ']\d{3})*,\d+", bare):
        return (
            "The number has a decimal comma: read the file with `decimal=',', thousands='.'`, or replace "
            "the separators first. `thousands` makes numbers of dates such as 31.12.2025: read their columns with "
            "dtype={'COLUMN': str}."
        )
    if re.fullmatch(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?", bare):
        return "The number has thousands separators: read the file with `thousands=','`, or s.str.replace(',', '')."
    if re.fullmatch(r"[\d.]+", bare) and bare != text.strip():
        return "Remove currency and percent signs first, for example with s.str.replace(r'[^0-9.,-]', '', regex=True)."
    if "\n" in text or len(text) > 40:
        return None
    return "Some values are text. pd.to_numeric(s, errors='coerce') makes them missing; for a model, encode them first."

"""Dates and times as text by .NET's formats, for en-US, and the texts that are read as dates and times.

Source: .NET, "Standard date and time format strings" and "Custom date and time format strings".
"""

import re
from datetime import UTC, datetime, timedelta, timezone

from workflow_player.errors import TemplateError

STANDARD = {
    "d": "M/d/yyyy",
    "D": "dddd, MMMM d, yyyy",
    "f": "dddd, MMMM d, yyyy h:mm tt",
    "F": "dddd, MMMM d, yyyy h:mm:ss tt",
    "g": "M/d/yyyy h:mm tt",
    "G": "M/d/yyyy h:mm:ss tt",
    "m": "MMMM d",
    "M": "MMMM d",
    "o": "yyyy-MM-ddTHH:mm:ss.fffffffK",
    "O": "yyyy-MM-ddTHH:mm:ss.fffffffK",
    "r": "ddd, dd MMM yyyy HH:mm:ss 'GMT'",
    "R": "ddd, dd MMM yyyy HH:mm:ss 'GMT'",
    "s": "yyyy-MM-ddTHH:mm:ss",
    "t": "h:mm tt",
    "T": "h:mm:ss tt",
    "u": "yyyy-MM-dd HH:mm:ss'Z'",
    "y": "MMMM yyyy",
    "Y": "MMMM yyyy",
}
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
_PART = re.compile(
    r"'[^']*'|\"[^\"]*\"|\\.|%|d{1,4}|f{1,7}|F{1,7}|h{1,2}|H{1,2}|K|m{1,2}|M{1,4}|s{1,2}|t{1,2}|y{1,5}|z{1,3}|."
)
_ISO = re.compile(
    r"(\d{4})-(\d{2})-(\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,7}))?)?)?\s*(Z|[+-]\d{2}:\d{2})?"
)
_AMERICAN = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})(?: (\d{1,2}):(\d{2})(?::(\d{2}))?(?: ([AP])M)?)?")


def read(text: str) -> datetime:
    """The time that a text names: ISO 8601, or as in en-US. Without an offset, the result has none."""
    try:
        if found := _ISO.fullmatch(text.strip()):
            year, month, day, hour, minute, second, fraction, offset = found.groups()
            micro = int((fraction or "0").ljust(6, "0")[:6])
            numbers = [int(part or 0) for part in (year, month, day, hour, minute, second)]
            return datetime(*numbers[:6], micro, tzinfo=_offset(offset))  # type: ignore[arg-type, misc]
        if found := _AMERICAN.fullmatch(text.strip()):
            month, day, year, hour, minute, second, half = found.groups()
            hours = int(hour or 0) % 12 + (12 if half == "P" else 0) if half else int(hour or 0)
            return datetime(int(year), int(month), int(day), hours, int(minute or 0), int(second or 0))
        for pattern in ("%a, %d %b %Y %H:%M:%S GMT", "%B %d, %Y", "%d %B %Y", "%Y%m%d"):
            try:
                return datetime.strptime(text.strip(), pattern)
            except ValueError:
                continue
    except ValueError:
        pass
    raise TemplateError(f"the text {text!r} is no date and time")


def _offset(text: str | None) -> timezone | None:
    if text is None:
        return None
    if text == "Z":
        return UTC
    sign = -1 if text.startswith("-") else 1
    return timezone(sign * timedelta(hours=int(text[1:3]), minutes=int(text[4:6])))


def formatted(time: datetime, pattern: str) -> str:
    """The text of a time by a format: one letter is a standard format, more are a custom one."""
    if len(pattern) == 1:
        if pattern not in STANDARD:
            raise TemplateError(f"there is no date format {pattern!r}")
        if pattern in "rRu" and time.tzinfo:
            time = time.astimezone(UTC)
        pattern = STANDARD[pattern]
    return "".join(_part(time, part) for part in _PART.findall(pattern))


def _part(time: datetime, part: str) -> str:
    if part[0] in "'\"":
        return part[1:-1]
    if part[0] == "\\":
        return part[1]
    letter, count = part[0], len(part)
    match letter:
        case "d" if count > 2:
            return DAYS[time.weekday()][: None if count == 4 else 3]
        case "M" if count > 2:
            return MONTHS[time.month - 1][: None if count == 4 else 3]
        case "d" | "M" | "H" | "m" | "s":
            names = {"d": time.day, "M": time.month, "H": time.hour, "m": time.minute, "s": time.second}
            return str(names[letter]).zfill(count)
        case "h":
            return str((time.hour - 1) % 12 + 1).zfill(count)
        case "f":
            return f"{time.microsecond:06}0"[:count]
        case "F":
            return f"{time.microsecond:06}0"[:count].rstrip("0")
        case "t":
            return ("AM" if time.hour < 12 else "PM")[:count]
        case "y":
            return str(time.year % 100).zfill(count) if count < 3 else str(time.year).zfill(count)
        case "K":
            return "" if time.tzinfo is None else "Z" if time.tzinfo is UTC else _signed(time, 3)
        case "z":
            return _signed(time, count)
        case "%":
            return ""
    return part


def _signed(time: datetime, count: int) -> str:
    minutes = int((time.utcoffset() or timedelta()).total_seconds() // 60)
    sign, hours = "-" if minutes < 0 else "+", abs(minutes) // 60
    if count == 3:
        return f"{sign}{hours:02}:{abs(minutes) % 60:02}"
    return f"{sign}{hours:0{count}}"

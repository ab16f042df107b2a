"""Dates and times. Texts in, texts out; without a format as in 2026-03-15T13:00:00.0000000Z.

A time with an offset becomes UTC; one without stays without. Functions that need the present time are made for a clock.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from workflow_player.errors import TemplateError
from workflow_player.functions.date_formats import formatted, read
from workflow_player.functions.time_zones import IANA
from workflow_player.functions.types import integer, text

UNITS = ("Second", "Minute", "Hour", "Day", "Week", "Month", "Year")
_EPOCH = datetime(1, 1, 1, tzinfo=UTC)


def _time(value: Any, function: str) -> datetime:
    time = read(text(value, function))
    return time.astimezone(UTC) if time.tzinfo else time


def _moved(time: datetime, count: int, unit: str) -> datetime:
    """Months and years end at the last day of a shorter month."""
    if unit not in UNITS:
        raise TemplateError(f"there is no unit of time {unit!r}, only {', '.join(UNITS)}")
    if unit in ("Month", "Year"):
        months = time.year * 12 + time.month - 1 + count * (12 if unit == "Year" else 1)
        year, month = divmod(months, 12)
        for day in range(time.day, 0, -1):
            try:
                return time.replace(year=year, month=month + 1, day=day)
            except ValueError:
                if day <= 28:
                    raise TemplateError("the time is outside of the years 1 to 9999") from None
    return time + count * timedelta(**{unit.lower() + "s": 1})


def _adds(function: str, unit: str) -> Callable[..., str]:
    def add(value: Any, count: Any, pattern: Any = "o") -> str:
        return formatted(_moved(_time(value, function), integer(count, function), unit), text(pattern, function))

    return add


def add_to_time(value: Any, count: Any, unit: Any, pattern: Any = "o") -> str:
    moved = _moved(_time(value, "addToTime"), integer(count, "addToTime"), text(unit, "addToTime"))
    return formatted(moved, text(pattern, "addToTime"))


def subtract_from_time(value: Any, count: Any, unit: Any, pattern: Any = "o") -> str:
    return add_to_time(value, -integer(count, "subtractFromTime"), unit, pattern)


def format_date_time(value: Any, pattern: Any = "o", locale: Any = "en-us") -> str:
    _only_english(locale, "formatDateTime")
    return formatted(_time(value, "formatDateTime"), text(pattern, "formatDateTime"))


def parse_date_time(value: Any, locale: Any = "en-us", pattern: Any = None) -> str:
    """With formats other than those that are read anyway, the play fails."""
    _only_english(locale, "parseDateTime")
    if pattern is not None:
        raise TemplateError("parseDateTime: the player reads the usual formats only, without the third parameter")
    return formatted(_time(value, "parseDateTime"), "o")


def _only_english(locale: Any, function: str) -> None:
    if text(locale, function).lower() not in ("en-us", ""):
        raise TemplateError(f"{function}: the player knows the locale en-US only, not {locale}")


def _zone(name: Any, function: str) -> ZoneInfo:
    """By the name that Windows gives it, such as W. Europe Standard Time."""
    if text(name, function) not in IANA:
        raise TemplateError(f"{function}: the player does not know the Windows time zone {name!r}")
    return ZoneInfo(IANA[name])


def convert_time_zone(value: Any, source: Any, target: Any, pattern: Any = "o") -> str:
    """The time on the clocks of the target, without an offset."""
    time = read(text(value, "convertTimeZone"))
    if time.tzinfo is None:
        time = time.replace(tzinfo=_zone(source, "convertTimeZone"))
    there = time.astimezone(_zone(target, "convertTimeZone"))
    return formatted(there.replace(tzinfo=None), text(pattern, "convertTimeZone"))


def convert_from_utc(value: Any, target: Any, pattern: Any = "o") -> str:
    return convert_time_zone(value, "UTC", target, pattern)


def convert_to_utc(value: Any, source: Any, pattern: Any = "o") -> str:
    time = read(text(value, "convertToUtc"))
    if time.tzinfo is None:
        time = time.replace(tzinfo=_zone(source, "convertToUtc"))
    return formatted(time.astimezone(UTC), text(pattern, "convertToUtc"))


def date_difference(start: Any, end: Any) -> str:
    """As days.hours:minutes:seconds, the days only if there are some."""
    first, second = _time(start, "dateDifference"), _time(end, "dateDifference")
    seconds = (second.replace(tzinfo=UTC) - first.replace(tzinfo=UTC)).total_seconds()
    sign, whole = ("-" if seconds < 0 else ""), int(abs(seconds))
    days, rest = divmod(whole, 86400)
    clock = f"{rest // 3600:02}:{rest % 3600 // 60:02}:{rest % 60:02}"
    fraction = f"{abs(seconds) - whole:.7f}"[1:] if abs(seconds) != whole else ""
    return f"{sign}{f'{days}.' if days else ''}{clock}{fraction}"


def _starts(function: str, **reset: int) -> Callable[..., str]:
    def start(value: Any, pattern: Any = "o") -> str:
        return formatted(_time(value, function).replace(**reset), text(pattern, function))  # type: ignore[arg-type]

    return start


def ticks(value: Any) -> int:
    """How many times 100 nanoseconds since the year 1."""
    since = _time(value, "ticks").replace(tzinfo=UTC) - _EPOCH
    return (since.days * 86400 + since.seconds) * 10**7 + since.microseconds * 10


DATE_TIME: dict[str, Callable[..., Any]] = {
    "addDays": _adds("addDays", "Day"),
    "addHours": _adds("addHours", "Hour"),
    "addMinutes": _adds("addMinutes", "Minute"),
    "addSeconds": _adds("addSeconds", "Second"),
    "addToTime": add_to_time,
    "convertFromUtc": convert_from_utc,
    "convertTimeZone": convert_time_zone,
    "convertToUtc": convert_to_utc,
    "dateDifference": date_difference,
    "dayOfMonth": lambda value: _time(value, "dayOfMonth").day,
    "dayOfWeek": lambda value: _time(value, "dayOfWeek").isoweekday() % 7,
    "dayOfYear": lambda value: _time(value, "dayOfYear").timetuple().tm_yday,
    "formatDateTime": format_date_time,
    "parseDateTime": parse_date_time,
    "startOfDay": _starts("startOfDay", hour=0, minute=0, second=0, microsecond=0),
    "startOfHour": _starts("startOfHour", minute=0, second=0, microsecond=0),
    "startOfMonth": _starts("startOfMonth", day=1, hour=0, minute=0, second=0, microsecond=0),
    "subtractFromTime": subtract_from_time,
    "ticks": ticks,
}


def clock_functions(now: Callable[[], datetime]) -> dict[str, Callable[..., Any]]:
    """Functions of the present time."""

    def utc_now(pattern: Any = "o") -> str:
        return formatted(now(), text(pattern, "utcNow"))

    def future(count: Any, unit: Any, pattern: Any = "o") -> str:
        moved = _moved(now(), integer(count, "getFutureTime"), text(unit, "getFutureTime"))
        return formatted(moved, text(pattern, "getFutureTime"))

    def past(count: Any, unit: Any, pattern: Any = "o") -> str:
        return future(-integer(count, "getPastTime"), unit, pattern)

    return {"getFutureTime": future, "getPastTime": past, "utcNow": utc_now}

"""Dates and times, as in Microsoft's reference and its examples, and in .NET's formats."""

import re
from zoneinfo import ZoneInfo

import pytest

from tests.workflow_player.flows import mistake_of, value_of
from workflow_player.functions.time_zones import IANA


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("addDays('2018-03-15T00:00:00Z', 10)", "2018-03-25T00:00:00.0000000Z"),
        ("addDays('2018-03-15T00:00:00Z', -5, 'yyyy-MM-dd')", "2018-03-10"),
        ("addHours('2018-03-15T00:00:00Z', 10)", "2018-03-15T10:00:00.0000000Z"),
        ("addMinutes('2018-03-15T00:20:00Z', -5)", "2018-03-15T00:15:00.0000000Z"),
        ("addSeconds('2018-03-15T00:00:25Z', -5)", "2018-03-15T00:00:20.0000000Z"),
        ("addToTime('2018-01-01T00:00:00Z', 1, 'Day', 'D')", "Tuesday, January 2, 2018"),
        ("addToTime('2026-01-31T00:00:00Z', 1, 'Month', 'yyyy-MM-dd')", "2026-02-28"),
        ("subtractFromTime('2018-01-02T00:00:00Z', 1, 'Day')", "2018-01-01T00:00:00.0000000Z"),
        ("formatDateTime('03/15/2018')", "2018-03-15T00:00:00.0000000"),
        ("formatDateTime('03/15/2018 12:00:00', 'yyyy-MM-ddTHH:mm:ss')", "2018-03-15T12:00:00"),
        (
            "formatDateTime('2026-03-05T09:07:03.1234567Z', 'd MMM yy, h:mm tt \\'at\\' fff')".replace("\\'", "''"),
            "5 Mar 26, 9:07 AM at 123",
        ),
        ("formatDateTime('2026-03-05T23:00:00+02:00', 'u')", "2026-03-05 21:00:00Z"),
        (
            "convertTimeZone('2018-01-01T08:00:00.0000000Z', 'UTC', 'Pacific Standard Time')",
            "2018-01-01T00:00:00.0000000",
        ),
        ("convertFromUtc('2026-07-01T10:00:00Z', 'W. Europe Standard Time', 'HH:mm')", "12:00"),
        ("convertToUtc('01/01/2018 00:00:00', 'Pacific Standard Time')", "2018-01-01T08:00:00.0000000Z"),
        ("dateDifference('2018-01-01', '2019-02-01T01:00:00')", "396.01:00:00"),
        ("dayOfMonth('2018-03-15T13:27:36Z')", 15),
        ("dayOfWeek('2018-03-18T13:27:36Z')", 0),
        ("dayOfYear('2018-03-15T13:27:36Z')", 74),
        ("startOfDay('2018-03-15T13:30:30Z')", "2018-03-15T00:00:00.0000000Z"),
        ("startOfHour('2018-03-15T13:30:30Z')", "2018-03-15T13:00:00.0000000Z"),
        ("startOfMonth('2018-03-15T13:30:30Z', 'yyyy-MM-dd')", "2018-03-01"),
        ("ticks('0001-01-01T00:00:01Z')", 10_000_000),
        ("parseDateTime('2026-03-05')", "2026-03-05T00:00:00.0000000"),
    ],
)
def test_examples(expression, value):
    """The text of each call; a time with an offset becomes UTC."""
    assert value_of("@" + expression) == value


def test_zones():
    """Every name that Windows has for a zone, in the table, leads to one."""
    assert {str(ZoneInfo(name)) for name in IANA.values()} == set(IANA.values())


def test_the_present():
    """In UTC, with seven digits behind the second."""
    now, day, later, earlier = value_of(
        ["@utcNow()", "@utcNow('yyyy-MM-dd')", "@getFutureTime(1, 'Hour')", "@getPastTime(1, 'Week')"]
    )
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}0Z", now)
    assert now.startswith(day) and earlier < now < later


@pytest.mark.parametrize(
    "expression",
    [
        "formatDateTime('yesterday')",
        "formatDateTime('2026-13-01')",
        "formatDateTime(null)",
        "addDays('2026-01-01', '1')",
        "convertFromUtc('2026-01-01', 'Europe/Berlin')",
        "formatDateTime('2026-01-01', 'd', 'de-de')",
    ],
)
def test_what_has_no_value(expression):
    """The action fails: zones have the names of Windows, and only en-US is known."""
    assert mistake_of("@" + expression)

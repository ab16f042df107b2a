"""The time of the emulated service, which tests can move: keys and signatures expire by it."""

from datetime import UTC, datetime, timedelta

_FORMATS = ("%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%dT%H:%MZ", "%Y-%m-%d")
_FORMAT_OF_FRACTIONS = "%Y-%m-%dT%H:%M:%S.%fZ"


class Clock:
    """This machine's time in UTC, moved by what `move` was told."""

    def __init__(self) -> None:
        self._ahead = timedelta()

    def now(self) -> datetime:
        return datetime.now(UTC) + self._ahead

    def move(self, by: timedelta) -> None:
        """Later, or earlier if it is negative. Tokens do not heed it: their authority has this machine's time."""
        self._ahead += by


def parsed(text: str) -> datetime:
    """A time in one of the forms that signatures may have. Raises ValueError.

    Source: "Supported DateTime values" in the REST reference, "Formatting DateTime values". All are in UTC here.
    """
    for form in _FORMATS:
        try:
            return datetime.strptime(text, form).replace(tzinfo=UTC)
        except ValueError:
            continue
    # .NET's clients send up to seven digits of fractions, of which Python reads six.
    head, dot, fraction = text.partition(".")
    if dot and len(fraction) == 8:
        text = f"{head}.{fraction[:6]}Z" if fraction[6].isdigit() and fraction[7] == "Z" else text
    return datetime.strptime(text, _FORMAT_OF_FRACTIONS).replace(tzinfo=UTC)


def http_date(moment: datetime) -> str:
    """As in Last-Modified. Not by strftime, whose names of days follow the locale."""
    day = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")[moment.weekday()]
    months = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
    return f"{day}, {moment.day:02} {months[moment.month - 1]} {moment:%Y %H:%M:%S} GMT"

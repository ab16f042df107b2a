"""Log records of libraries, without the values in them.

Libraries that send requests log URLs, which contain session ids and file names, and some log headers or bodies; which
they do depends on their version and on the level. The loggers exist from when a library is first imported, and an
operator may set their levels and handlers at any time. So the values are removed where every log record is made.
"""

import itertools
import logging
import re
from typing import Any

from .causes import described, stack

LIBRARIES = (
    "urllib3", "requests", "azure.core", "azure.identity", "msal", "msal_extensions", "werkzeug", "jwt", "cryptography",
    "jsonschema", "yaml", "charset_normalizer", "asyncio", "concurrent", "http", "httpx", "httpcore", "h11", "aiohttp",
)  # fmt: skip
"""Whose loggers, and those below them, log no values."""

_WITHHELD = "..."
_WORD = re.compile(r"[A-Za-z]?[a-z]*[,.;:]?")
"""A plain word. In a text that was formatted before it was logged, values and words cannot be distinguished after the
first value.
"""


def withhold_values() -> None:
    """Has an effect on all records of LIBRARIES from now on, whatever their levels and handlers are."""
    factory = logging.getLogRecordFactory()
    if not isinstance(factory, _Withholding):
        logging.setLogRecordFactory(_Withholding(factory))


class _Withholding:
    def __init__(self, factory: Any) -> None:
        self._factory = factory

    def __call__(self, name: str, *arguments: Any, **members: Any) -> logging.LogRecord:
        record: logging.LogRecord = self._factory(name, *arguments, **members)
        if _is_of_library(record.name):
            record.msg, record.args = _message(record), ()
            if isinstance(record.exc_info, tuple) and record.exc_info[1] is not None:
                record.msg += f"\n{stack(record.exc_info[1])}"
            record.exc_info = record.exc_text = None
        return record


def _is_of_library(name: str | None) -> bool:
    """`logging.makeLogRecord` gives no name at first."""
    return name is not None and any(name == library or name.startswith(f"{library}.") for library in LIBRARIES)


def _message(record: logging.LogRecord) -> str:
    """The message, of whose values only numbers and types of exceptions are left."""
    if isinstance(record.msg, BaseException):
        return described(record.msg)
    if not record.args:
        return _beginning(str(record.msg))
    arguments: Any = record.args
    try:
        if isinstance(arguments, dict):
            return str(record.msg) % {name: _withheld(value) for name, value in arguments.items()}
        return str(record.msg) % tuple(_withheld(value) for value in arguments)
    except (TypeError, ValueError):  # the format requires a value of another type
        return str(record.msg)


def _beginning(text: str) -> str:
    """What precedes the first value, by words."""
    words = text.split(" ")
    plain = list(itertools.takewhile(_WORD.fullmatch, words))
    return " ".join(plain if len(plain) == len(words) else [*plain, _WITHHELD])


class _Withheld:
    def __repr__(self) -> str:
        return _WITHHELD


def _withheld(value: Any) -> Any:
    if value is None or isinstance(value, int | float):
        return value
    return described(value) if isinstance(value, BaseException) else _Withheld()

"""Exceptions for the log: their types and where they were raised, without their messages.

Messages of libraries contain URLs, and with them session ids and file names; those of bugs may contain any value.
"""

import errno
import re
import traceback
from collections.abc import Iterator

from ..errors import ConnectorError, SessionExecutorRoleMissing, StorageAccessDenied

_MOST_CAUSES = 8
_WORD = re.compile(r"[A-Z][A-Z0-9_]{1,60}")
_CODE = re.compile(r"[A-Z][A-Za-z]{1,60}")
"""An error code is words, without the digits that an ID has: a pool could return the one that it was sent."""


def is_notable(failure: BaseException) -> bool:
    """Whether an operator should see it, because the caller is not its cause."""
    if isinstance(failure, SessionExecutorRoleMissing | StorageAccessDenied) or not isinstance(failure, ConnectorError):
        return True
    return failure.status >= 500


def described(failure: BaseException) -> str:
    """The types of an exception and of its causes, such as `ConnectionError < MaxRetryError < OSError ECONNREFUSED`."""
    return " < ".join(_named(each) for each in _chain(failure))


def stack(failure: BaseException) -> str:
    """Where an exception and its causes were raised: files, lines and functions, the innermost last."""
    return "\n".join(
        "\n".join([_named(each), *(f"  {frame.filename}:{frame.lineno} {frame.name}" for frame in _frames(each))])
        for each in _chain(failure)
    )


def _frames(failure: BaseException) -> traceback.StackSummary:
    return traceback.StackSummary.extract(traceback.walk_tb(failure.__traceback__), lookup_lines=False)


def _chain(failure: BaseException) -> Iterator[BaseException]:
    """The exception, and what caused it. urllib3 and requests have causes among their members."""
    seen: list[BaseException] = []
    following: BaseException | None = failure
    while following is not None and following not in seen and len(seen) < _MOST_CAUSES:
        seen.append(following)
        yield following
        within = [following.__cause__, *following.args, getattr(following, "reason", None)]
        if not following.__suppress_context__:
            within.append(following.__context__)
        following = next((each for each in within if isinstance(each, BaseException) and each not in seen), None)


def _named(failure: BaseException) -> str:
    """The type; with the name of a system error, the reason of a TLS error, or the service's status and error code."""
    details: list[str] = []
    if isinstance(failure, OSError) and isinstance(failure.errno, int):
        details.append(errno.errorcode.get(failure.errno, str(failure.errno)))
    reason, status, code = (getattr(failure, name, None) for name in ("reason", "status", "code"))
    if isinstance(reason, str) and _WORD.fullmatch(reason):
        details.append(reason)
    if isinstance(status, int):
        details.append(str(status))
    if isinstance(code, str) and code != type(failure).__name__ and _CODE.fullmatch(code):
        details.append(code)
    return " ".join([type(failure).__name__, *details])

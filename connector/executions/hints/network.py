"""Failures to reach the network, which sessions have only if the pool allows egress."""

import errno
import re

from .failure import Failure, Link

NO_NETWORK = (
    "sessions have no network access unless the pool allows egress. Fetch the data beforehand and upload it with "
    "UploadFile."
)
_NUMBERS = (errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN, errno.ETIMEDOUT)
_NAMES = frozenset(
    {
        "gaierror",
        "NameResolutionError",
        "ConnectTimeout",
        "ConnectTimeoutError",
        "ConnectionTimeout",
        "NewConnectionError",
    }
)
UNREACHABLE = re.compile(
    r"Name or service not known|[Tt]emporary failure (?:in name resolution|resolving)|Network is unreachable|"
    r"No route to host|[Ff]ailed to resolve|[Cc]ould not resolve host|unable to resolve host|getaddrinfo failed|"
    r"No address associated with hostname"
)
"""What programs and libraries write when they find no network."""

_LOCAL = re.compile(r"localhost|127\.0\.0\.1|\[::1\]|Connection refused")


def hint(failure: Failure) -> str | None:
    error = failure.error
    if error.is_builtin and not error.is_os_error and not UNREACHABLE.search(error.message):
        return None  # it was raised while the code handled a failure of the network
    if any(_is_unreachable(link) for link in failure.links) and not _LOCAL.search(error.message):
        return f"The code could not reach the network: {NO_NETWORK}"
    return None


def _is_unreachable(link: Link) -> bool:
    is_named = link.name in _NAMES and "refused" not in link.message
    return is_named or link.number("errno") in _NUMBERS or UNREACHABLE.search(link.message) is not None

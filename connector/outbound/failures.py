"""What an exception of requests says about a call that had no response."""

import requests
import urllib3


def never_sent(failure: requests.RequestException) -> bool:
    """True if no connection was made."""
    if isinstance(failure, requests.ConnectTimeout | requests.exceptions.InvalidURL):
        return True
    return _has_reason(
        failure,
        urllib3.exceptions.NewConnectionError,
        urllib3.exceptions.ConnectTimeoutError,
        urllib3.exceptions.ProxyError,
    )


def timed_out(failure: requests.RequestException) -> bool:
    """True if the response, or a part of it, did not come in time."""
    return isinstance(failure, requests.Timeout) or _has_reason(
        failure, urllib3.exceptions.ReadTimeoutError, TimeoutError
    )


def _has_reason(failure: Exception, *kinds: type[Exception]) -> bool:
    """Whether requests and urllib3 have wrapped one of `kinds`."""
    cause = failure.args[0] if failure.args else None
    return any(
        isinstance(candidate, kinds)
        for candidate in (cause, getattr(cause, "reason", None), *getattr(cause, "args", ()))
    )

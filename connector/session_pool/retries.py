"""Connections to the pool, and which calls are sent again over them.

Everything but code can be sent again: the second attempt has the same effect as the first. When code may be sent again
is decided in `hand_over`.
"""

import socket
from typing import Any

import requests
import urllib3
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection

from .deadlines import Deadlines


class Retry(urllib3.Retry):
    """Heeds Retry-After, but waits `longest_pause_seconds` at most."""

    longest_pause_seconds = 0.0

    @classmethod
    def within(cls, deadlines: Deadlines) -> "Retry":
        retry = cls(
            total=3,
            read=1,
            other=0,
            backoff_factor=deadlines.retry_pause_seconds,
            backoff_jitter=deadlines.retry_pause_seconds * 2 / 3,
            status_forcelist=(429, 502, 503, 504),
            allowed_methods=None,
            raise_on_status=False,
        )
        retry.longest_pause_seconds = deadlines.longest_retry_pause_seconds
        return retry

    @classmethod
    def never(cls) -> "Retry":
        return cls(0, read=False)

    def new(self, **changes: Any) -> "Retry":
        """The library makes a new one for each attempt."""
        retry = super().new(**changes)
        retry.longest_pause_seconds = self.longest_pause_seconds
        return retry

    def get_retry_after(self, response: Any) -> float | None:
        try:
            pause = super().get_retry_after(response)
        except (urllib3.exceptions.InvalidHeader, ValueError, OverflowError):
            return None
        return None if pause is None else min(pause, self.longest_pause_seconds)


class Adapter(HTTPAdapter):
    """Keeps as many connections open as there are threads, and lets the kernel probe idle ones.

    A gateway silently drops connections that are idle for some minutes; a run would wait for its response in vain.
    """

    def __init__(self, connections: int, retry: Retry) -> None:
        super().__init__(pool_connections=1, pool_maxsize=connections, max_retries=retry)

    def init_poolmanager(self, *arguments: Any, **keywords: Any) -> None:
        options = [*HTTPConnection.default_socket_options, (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)]
        if hasattr(socket, "TCP_KEEPIDLE"):
            options += [(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 60), (socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 15)]
        super().init_poolmanager(*arguments, socket_options=options, **keywords)


def was_retried(response: requests.Response) -> bool:
    """Whether the response is that to a second or later attempt."""
    retries = getattr(response.raw, "retries", None)
    return bool(retries is not None and retries.history)

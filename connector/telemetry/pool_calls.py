"""The record of a call of the pool."""

import re

from .activity import Activity
from .service_calls import ServiceCall

_WORDS = {"executions", "files", "content", "code", "execute", "upload", "session", "metadata", "stop"}


class PoolCall(ServiceCall):
    kind, part, counted_as = "poolCall", "pool", "connector.pool"

    def __init__(self, pool: str, method: str, path: str) -> None:
        """`pool` is the pool's name, `path` that of the call below the pool."""
        super().__init__(pool, method, route(path))

    def _add_to(self, activity: Activity, milliseconds: int) -> None:
        activity.pool_calls += 1
        activity.pool_attempts += self._attempts
        activity.pool_throttles += self._throttles
        activity.pool_milliseconds += milliseconds


def route(path: str) -> str:
    """A path of the pool without what callers have chosen, such as `files/{}/content`."""
    return re.sub("[^/]+", lambda part: part[0] if part[0] in _WORDS else "{}", path.partition("?")[0])

"""Which pool a session is in. Nothing is stored: it follows from the session's id and the list of pools.

An id that ends in the tag of a listed pool is in that pool; the connector creates such ids. Any other id is placed by
rendezvous hashing: each pool gets a number for the id, and the highest decides. So the order of the list does not
matter, and one more pool takes over its share of these ids, while the others stay where they are.

A new session goes to any pool that takes it.
"""

import hashlib
import itertools
import random
import time
from collections.abc import Callable, Iterator
from typing import TypeVar

from ..callers.session_ids import tag_in
from ..errors import ConnectorError, TooManySessions
from .client import SessionPoolClient
from .errors import is_of_pool, is_refusal

Result = TypeVar("Result")


class Pools:
    """The session pools of a deployment, in the order of the setting."""

    def __init__(self, *pools: SessionPoolClient, avoided_seconds: float = 5.0) -> None:
        """New sessions avoid a pool that has failed one for `avoided_seconds`. Then one of them tries it again."""
        self._pools = pools
        self._by_tag = {pool.tag: pool for pool in pools}
        self._avoided_seconds = avoided_seconds
        self._avoided_until = dict.fromkeys(pools, 0.0)
        self._turns = itertools.count(random.randrange(1000))  # not all instances begin with the same pool

    def __iter__(self) -> Iterator[SessionPoolClient]:
        return iter(self._pools)

    def __len__(self) -> int:
        return len(self._pools)

    def pool_of(self, session_id: str, identifier: str) -> SessionPoolClient:
        """`identifier` is the session's name in the pool, which differs between callers with the same session id."""
        return self._by_tag.get(tag_in(session_id)) or max(self._pools, key=lambda pool: _number(pool, identifier))

    def with_new_session(self, use: Callable[[SessionPoolClient, bool], Result]) -> Result:
        """Calls `use` with the pool for a new session, and again with another pool if the first refuses the session.

        `use` also gets whether to wait for a pool that is full or cannot be reached: the other pools come first. It
        raises an error for which `is_refusal` only if nothing has reached the session.
        """
        refused: dict[SessionPoolClient, ConnectorError] = {}
        if len(self._pools) > 1:
            for pool in self._preferred():
                try:
                    return use(pool, False)
                except ConnectorError as failure:
                    if is_of_pool(failure):
                        self.avoid(pool)
                    if not is_refusal(failure):
                        raise
                    refused[pool] = failure
        # A full pool is the one most likely to take a session soon.
        full = [pool for pool, failure in refused.items() if isinstance(failure, TooManySessions)]
        return use((full or self._pools)[0], True)

    def for_new_session(self) -> SessionPoolClient:
        """The pool for a session that is to be created later."""
        return self._preferred()[0]

    def avoid(self, pool: SessionPoolClient) -> None:
        """After a new session that the pool has refused, or in which it may have lost what was sent."""
        self._avoided_until[pool] = time.monotonic() + self._avoided_seconds

    def _preferred(self) -> list[SessionPoolClient]:
        """In turn, and those that are avoided last."""
        now, turn = time.monotonic(), next(self._turns)
        usable = [pool for pool in self._pools if _responds(pool) and self._avoided_until[pool] <= now]
        first = turn % len(usable) if usable else 0
        return usable[first:] + usable[:first] + [pool for pool in self._pools if pool not in usable]


def _responds(pool: SessionPoolClient) -> bool:
    """As far as its circuit knows, which goes on asking the pool only while there are calls."""
    try:
        pool.circuit.check()
    except ConnectorError:
        return False
    return True


def _number(pool: SessionPoolClient, identifier: str) -> bytes:
    return hashlib.sha256(f"{pool.tag}\n{identifier}".encode()).digest()

"""How much one worker process takes on at a time, so that something is left for what can be answered at once.

Calls of the session pool may take all threads but some: a request that needs no pool, such as one with a mistake, finds
a free thread while everything else waits. Runs may take fewer, because they wait for long, and polls do not. Large
bodies are limited by their bytes. A request that exceeds a limit waits for a moment, if few others do, and is then
refused with ConnectorBusy. Nothing of it has been done then, so it can be sent again.

Knows neither HTTP nor the pool.
"""

import threading
from types import TracebackType

from .errors import ConnectorBusy

SMALL_BYTES = 1 << 20
"""What takes no more memory is not counted."""

_LONGEST_WAIT_SECONDS = 1.0
"""For a place. A thread that waits for one is one of those that are kept free."""

_LONGEST_WAIT_FOR_MEMORY_SECONDS = 5.0

_RETRY_AFTER_SECONDS = 2


class Bulkhead:
    """One per process. Safe to use from many threads."""

    def __init__(self, threads: int, memory_bytes: int) -> None:
        """`threads` is how many functions the process runs at a time: an eighth is kept free of calls of the pool, and
        a quarter of runs. `memory_bytes` are for large bodies in process; a quarter more may wait for that.
        """
        self.calls = max(1, threads - _rounded_up(threads, 8))
        self.runs = max(1, threads - _rounded_up(threads, 4))
        self._calls = threading.Semaphore(self.calls)
        self._runs = threading.Semaphore(self.runs)
        self._may_wait = threading.Semaphore((threads - self.calls) // 2)
        self._memory = _Memory(memory_bytes)

    def acquire_place(self, *, is_run: bool) -> bool:
        if is_run and not self._acquire(self._runs):
            return False
        if self._acquire(self._calls):
            return True
        if is_run:
            self._runs.release()
        return False

    def release_place(self, *, is_run: bool) -> None:
        self._calls.release()
        if is_run:
            self._runs.release()

    def acquire_memory(self, count: int) -> bool:
        return self._memory.acquire(count)

    def release_memory(self, count: int) -> None:
        self._memory.release(count)

    def _acquire(self, places: threading.Semaphore) -> bool:
        if places.acquire(blocking=False):
            return True
        if not self._may_wait.acquire(blocking=False):
            return False
        try:
            return places.acquire(timeout=_LONGEST_WAIT_SECONDS)
        finally:
            self._may_wait.release()


class Admission:
    """What one request takes of a bulkhead, until the end of its `with` block. Without a bulkhead, all is admitted."""

    def __init__(self, bulkhead: Bulkhead | None = None, *, is_run: bool = False) -> None:
        self._bulkhead = bulkhead
        self._is_run = is_run
        self._has_place = False
        self._bytes = 0

    def __enter__(self) -> "Admission":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bulkhead is None:
            return
        if self._has_place:
            self._bulkhead.release_place(is_run=self._is_run)
            self._has_place = False
        self._bulkhead.release_memory(self._bytes)
        self._bytes = 0

    def enter_pool(self) -> None:
        """To be called before each call of the pool; the first takes the request's place. Raises ConnectorBusy."""
        if self._bulkhead is None or self._has_place:
            return
        if not self._bulkhead.acquire_place(is_run=self._is_run):
            raise _busy("The connector has as many calls in progress as it can take.")
        self._has_place = True

    def count_as_run(self) -> None:
        """The request waits for a run, as its body shows. To be called before the first call of the pool."""
        self._is_run = self._is_run or not self._has_place

    def hold(self, count: int) -> None:
        """Counts the memory that the request's body, or the file in its response, takes. Raises ConnectorBusy.

        At most once for a request: two that each hold a part, and wait for the rest, would wait for each other.
        """
        if self._bulkhead is None or count <= SMALL_BYTES:
            return
        if not self._bulkhead.acquire_memory(count):
            raise _busy("The connector has as many large files in memory as it can take.")
        self._bytes += count


class _Memory:
    """Of large bodies, in bytes. One is always admitted when there is no other, whatever its size."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._used = self._waiting = 0
        self._changed = threading.Condition()

    def acquire(self, count: int) -> bool:
        with self._changed:
            if not self._has_room(count):
                if self._waiting + count > self._most // 4:
                    return False
                self._waiting += count
                try:
                    self._changed.wait_for(lambda: self._has_room(count), _LONGEST_WAIT_FOR_MEMORY_SECONDS)
                finally:
                    self._waiting -= count
            if not self._has_room(count):
                return False
            self._used += count
            return True

    def release(self, count: int) -> None:
        with self._changed:
            self._used -= count
            self._changed.notify_all()

    def _has_room(self, count: int) -> bool:
        return self._used == 0 or self._used + count <= self._most


def _rounded_up(number: int, divisor: int) -> int:
    return -(-number // divisor)


def _busy(problem: str) -> ConnectorBusy:
    return ConnectorBusy(
        f"{problem} Try again after the seconds in Retry-After.", retry_after_seconds=_RETRY_AFTER_SECONDS
    )

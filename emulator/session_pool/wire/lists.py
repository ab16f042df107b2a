"""Lists of files as all wire families send them. A long one is sent while the folder is read."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

from starlette.responses import Response

from ..engines.interface import Entry, Slice, pace
from .calls import Call
from .json_responses import json_list_response, json_response

_SLICES_AT_ONCE = 8
"""A list that is read in so many is an ordinary response."""


async def file_list(
    call: Call,
    shown: Callable[[Entry], Any],
    *,
    recursive: bool,
    has_folders: bool = False,
    name: str = "value",
    reference_ids: bool = False,
) -> Response:
    """The files, and perhaps the folders, of the call's folder, each as `shown` makes it, in a member of that name."""
    session = await call.session()
    reading = _Reading(session.data.walk(call.folder, recursive=recursive), shown, has_folders)
    first: list[Any] = []
    for _ in range(_SLICES_AT_ONCE):
        first += await reading.slice()
        if reading.has_ended:
            return json_response({name: first}, reference_ids=reference_ids)
    return json_list_response(name, _batches(first, reading), reference_ids=reference_ids)


async def _batches(first: list[Any], reading: "_Reading") -> AsyncIterator[list[Any]]:
    try:
        yield first
        while not reading.has_ended:
            await pace().turn(2)
            yield await reading.slice()
    finally:
        reading.close()


class _Reading:
    """Reads a folder, and makes what is sent of it, in slices."""

    def __init__(self, walk: Iterator[list[Entry]], shown: Callable[[Entry], Any], has_folders: bool) -> None:
        self._items = ([shown(entry) for entry in batch if has_folders or not entry.is_folder] for batch in walk)
        self._lock = threading.Lock()
        self.has_ended = False

    async def slice(self) -> list[Any]:
        return await asyncio.to_thread(self._slice)

    def _slice(self) -> list[Any]:
        found: list[Any] = []
        with self._lock:
            current = Slice()
            for batch in self._items:
                found += batch
                if current.is_over:
                    return found
            self.has_ended = True
            return found

    def close(self) -> None:
        """Closes what it has open, as soon as a slice that is still being read is over."""
        threading.Thread(target=self._close).start()

    def _close(self) -> None:
        with self._lock:
            self._items.close()

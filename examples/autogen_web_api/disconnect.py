"""Work for a caller that ends when the caller has gone. FastAPI lets a request go on to its end by itself."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from fastapi import Request

from .errors import ApiError

_T = TypeVar("_T")
_LOOK_SECONDS = 0.25
"""Between checks whether the caller is still connected."""


class Disconnected(ApiError):
    """The caller has gone, so nobody reads this. The status, which is not standard, is for the log."""

    status, code = 499, "Disconnected"

    def __init__(self) -> None:
        super().__init__("The caller has disconnected.")


async def while_connected(request: Request, work: Coroutine[Any, Any, _T]) -> _T:
    """The result of the work, which is canceled when the caller disconnects. Raises Disconnected then."""
    task = asyncio.create_task(work)
    try:
        while not task.done():
            await asyncio.wait({task}, timeout=_LOOK_SECONDS)
            if not task.done() and await request.is_disconnected():
                raise Disconnected
        return await task
    finally:
        if not task.done():
            task.cancel()
            await asyncio.wait({task})
            if not task.cancelled():
                task.exception()  # retrieved, since nobody is told; asyncio would log it with its traceback

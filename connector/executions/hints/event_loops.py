"""Code that starts an event loop: the interpreter runs one already, so it can await at the top level."""

import re

from .failure import Failure

_RUNNING = re.compile(
    r"cannot be called from a running event loop|This event loop is already running|"
    r"Cannot run the event loop while another loop is running|event loop is already running"
)
_CALL = re.compile(r"(?:asyncio\.run|run_until_complete)\((?P<awaited>[\w.]+\([^()]*\))")
_SYNCHRONOUS = re.compile(r"Sync API inside the asyncio loop")


def hint(failure: Failure) -> str | None:
    message = failure.error.message
    if _SYNCHRONOUS.search(message):
        return "The code runs in an event loop. Use the library's asynchronous interface, and await it."
    if not _RUNNING.search(message):
        return None
    call = _CALL.search(failure.source)
    awaited = call["awaited"] if call else "main()"
    return (
        f"The code runs in an event loop already. Write `await {awaited}` at the top level instead of starting another."
    )

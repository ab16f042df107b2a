"""What runs in a session's interpreter and reports on each run. `cell.py` concatenates these modules and sends them.

They share one namespace in the session, in the order of `ORDER`, so no two of them define the same name. They import
nothing of the project but each other and `protocol.py`, and run on Python 3.8 with ipykernel 6 and 7.

User code runs in the same process and can break all of this; its result is then what the pool alone reports. Functions
of other modules are bound when the payload is installed, before user code can replace them.
"""

ORDER = (
    "host",
    "parts",
    "memory",
    "exits",
    "os_exit",
    "line_buffering",
    "environment",
    "home_folder",
    "streams",
    "values",
    "libraries",
    "tables",
    "scan",
    "facts",
    "errors",
    "figures",
    "recorder",
    "reduced_image",
    "outputs",
    "record",
    "reports",
    "queue",
    "capture",
    "progress",
    "watching",
    "background",
    "one_call",
    "traces",
    "dispatch",
)
"""The modules, each after those that it imports."""

ON_FIRST_USE = frozenset({"facts", "errors", "reduced_image", "capture", "progress", "watching", "background"})
"""Modules of which only imports and constants are needed at once: the rest, from their first function or class on, is
compiled when another module calls it. This halves the time of a session's first run."""

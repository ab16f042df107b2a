"""A task: removes a file. It may be done twice."""

from __future__ import annotations

import os
from typing import Any

DATA = "/mnt/data"


def perform(arguments: dict[str, Any]) -> dict[str, Any]:
    """`file` is below the data folder. Tells whether it was there."""
    try:
        os.unlink(os.path.join(DATA, arguments["file"]))
    except FileNotFoundError:
        return {"wasThere": False}
    return {"wasThere": True}

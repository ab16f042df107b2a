"""The result of a task that may take longer than its caller waits, in a file. Sent with the tasks that import it;
it is not a task itself.
"""

from __future__ import annotations

import json
import os
from typing import Any


def read_result(path: str) -> Any:
    """None if the task was not performed before."""
    try:
        with open(path, encoding="utf-8") as file:
            return json.load(file)
    except (OSError, ValueError, RecursionError):
        return None


def store_result(path: str, result: Any) -> None:
    """The file exists only once it is complete."""
    with open(path + "-new", "w", encoding="utf-8") as file:
        json.dump(result, file)
    os.replace(path + "-new", path)

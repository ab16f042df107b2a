"""A task that removes a file. It may be performed twice."""

from __future__ import annotations

import os
from typing import TypedDict

from .listed_paths import real_path


class Arguments(TypedDict):
    """`path` is relative to the data folder."""

    path: str


class Result(TypedDict):
    existed: bool


def perform(arguments: Arguments) -> Result:
    try:
        os.unlink(real_path(arguments["path"]))
    except FileNotFoundError:
        return {"existed": False}
    return {"existed": True}

"""A task that removes a file. It may be performed twice."""

from __future__ import annotations

import os
from typing import TypedDict

from ..protocol import DATA


class Arguments(TypedDict):
    """`path` is relative to the data folder."""

    path: str


class Result(TypedDict):
    existed: bool


def perform(arguments: Arguments) -> Result:
    try:
        os.unlink(os.path.join(DATA, arguments["path"]))
    except FileNotFoundError:
        return {"existed": False}
    return {"existed": True}

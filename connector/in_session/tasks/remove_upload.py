"""A task that removes an upload which was given up, with all of its files. It may be performed twice, or late.

A session performs tasks in the order in which they arrive. So those of the upload that were sent before have been
performed, or have not arrived.
"""

from __future__ import annotations

import os
import shutil
from typing import TypedDict

from ..protocol import DATA


class Arguments(TypedDict):
    """`upload_folder` is relative to the data folder."""

    upload_folder: str


class Result(TypedDict):
    existed: bool


def perform(arguments: Arguments) -> Result:
    upload = os.path.join(DATA, arguments["upload_folder"])
    existed = os.path.isdir(upload)
    shutil.rmtree(upload, ignore_errors=True)
    return {"existed": existed}

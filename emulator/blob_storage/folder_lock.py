"""One program at a time in a folder: each removes the blocks there that it does not know."""

import contextlib
import importlib
from pathlib import Path
from typing import IO, Any

_NAME = "in-use"


class FolderLock:
    """Held until `release`, or until the program ends in whatever way. On Windows there is none."""

    def __init__(self, folder: Path) -> None:
        """Raises OSError if another program has the folder."""
        self._file: IO[bytes] = (folder / _NAME).open("ab")
        fcntl: Any = None
        with contextlib.suppress(ImportError):
            fcntl = importlib.import_module("fcntl")
        try:
            if fcntl is not None:
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._file.close()
            raise OSError("another program uses it") from None

    def release(self) -> None:
        self._file.close()

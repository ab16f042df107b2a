"""The memory that a process of this machine takes, watched while something happens."""

import threading
from pathlib import Path
from types import TracebackType
from typing import Self

PAUSE_SECONDS = 0.1


class Memory:
    """During its `with` block, `first` and `most` are megabytes of resident memory of the process."""

    def __init__(self, process_id: int) -> None:
        self._status = Path(f"/proc/{process_id}/status")
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self.first = self.most = self._megabytes()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None) -> None:
        self._ended.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._ended.wait(PAUSE_SECONDS):
            self.most = max(self.most, self._megabytes())

    def _megabytes(self) -> float:
        lines = self._status.read_text("utf-8").splitlines()
        return next(int(line.split()[1]) * 1024 / 1e6 for line in lines if line.startswith("VmRSS:"))

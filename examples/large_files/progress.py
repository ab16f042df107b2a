"""A bar that shows how far a transfer is: one line that is written over on a terminal, and one at the end elsewhere."""

import sys
import time

WIDTH = 40


class Progress:
    """From `with` to its end; `reached` takes the number of bytes that have been moved."""

    def __init__(self, title: str, size: int) -> None:
        self._title, self._size = title, size
        self._started = time.monotonic()
        self._reached = 0

    def __enter__(self) -> "Progress":
        self.reached(0)
        return self

    def __exit__(self, *_: object) -> None:
        if not sys.stdout.isatty():
            self._show("\n")
        else:
            print(flush=True)

    def reached(self, count: int) -> None:
        self._reached = count
        if sys.stdout.isatty():
            self._show("")

    def _show(self, end: str) -> None:
        seconds = max(time.monotonic() - self._started, 0.001)
        share = self._reached / self._size if self._size else 1.0
        bar = "#" * round(share * WIDTH)
        megabytes = self._reached / 1e6
        line = f"{self._title:<12} [{bar:<{WIDTH}}] {share:4.0%} {megabytes:7.1f} MB {megabytes / seconds:6.1f} MB/s"
        print(f"\r{line}" if sys.stdout.isatty() else line, end=end, flush=True)

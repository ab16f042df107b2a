"""A progress bar for a transfer: updated in place on a terminal, printed once at the end elsewhere."""

import sys
import time

WIDTH = 40


class Progress:
    """Shown while its `with` block runs. `update` takes the number of bytes transferred so far."""

    def __init__(self, title: str, size: int) -> None:
        self._title, self._size = title, size
        self._started = time.monotonic()
        self._transferred = 0

    def __enter__(self) -> "Progress":
        self.update(0)
        return self

    def __exit__(self, *_: object) -> None:
        if not sys.stdout.isatty():
            self._show("\n")
        else:
            print(flush=True)

    def update(self, count: int) -> None:
        self._transferred = count
        if sys.stdout.isatty():
            self._show("")

    def _show(self, end: str) -> None:
        seconds = max(time.monotonic() - self._started, 0.001)
        share = self._transferred / self._size if self._size else 1.0
        bar = "#" * round(share * WIDTH)
        megabytes = self._transferred / 1e6
        line = f"{self._title:<12} [{bar:<{WIDTH}}] {share:4.0%} {megabytes:7.1f} MB {megabytes / seconds:6.1f} MB/s"
        print(f"\r{line}" if sys.stdout.isatty() else line, end=end, flush=True)

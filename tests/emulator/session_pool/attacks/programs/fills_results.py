"""Ends with a value whose text is about as long as it may be, after many displays that are."""

import target
from IPython.display import display

target.tried()
for _ in range(8):
    display({"text/plain": "y" * 30_000_000, "image/png": "y" * 16_000_000}, raw=True)
"y" * 16_000_000  # noqa: B018 - the last expression is what a cell gives

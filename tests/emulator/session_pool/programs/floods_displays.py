"""Shows large texts without end."""

from IPython.display import display

while True:
    display({"text/plain": "y" * 10_000_000}, raw=True)

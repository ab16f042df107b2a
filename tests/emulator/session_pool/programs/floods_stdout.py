"""Prints without end."""

while True:
    print("y" * 10_000)

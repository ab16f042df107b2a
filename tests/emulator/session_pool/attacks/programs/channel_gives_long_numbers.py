"""Gives values whose text is a number, a string or a structure that takes long to read."""

import target


class Odd:
    def __init__(self, text: str) -> None:
        self.text = text

    def __repr__(self) -> str:
        return self.text


from IPython import get_ipython  # noqa: E402

shell = get_ipython()
for text in (
    "9" * 5_000_000,
    "1" * 300,
    "1e" + "9" * 200,
    "-" * 1_000_000,
    "'" + "\\" * 1_000_000 + "'",
    "'" + "\\x41" * 1_000_000 + "'",
    "'\\N{DIGIT ONE}'" + " " * 1_000_000 + "'",
    "nan" * 1000,
):
    shell.displayhook(Odd(text))
target.tried()
Odd("'" + "\\u0041" * 1_000_000 + "'")

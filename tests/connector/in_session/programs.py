"""Programs that might behave differently with the payload: each is a sequence of cells, with the reason."""

from pathlib import Path
from typing import NamedTuple


class Program(NamedTuple):
    name: str
    why: str
    cells: tuple[str, ...]


def _listed() -> list[Program]:
    """Those of programs.txt: `=== name: why`, and the cells with `---` between them."""
    text = Path(__file__).with_name("programs.txt").read_text(encoding="utf-8")
    programs = []
    for part in ("\n" + text).split("\n=== ")[1:]:
        head, _, code = part.partition("\n")
        name, _, why = head.partition(": ")
        programs.append(Program(name, why, tuple(code.strip("\n").split("\n---\n"))))
    return programs


PROGRAMS = [
    *_listed(),
    Program("empty cell", "IPython does not count it", ("", "1", "   \n", "2", "len(In)")),
    Program("indentation error", "IPython shows it in its own way", ("if True:\nx = 1", "  x = 1\ny")),
    Program("null byte", "a source that cannot be read", ("x = '\0'",)),
    Program("no break space", "the position of the error", ("x =\u00a01",)),
    Program("Windows line endings", "line endings of another system", ("x = 1\r\nprint(x)\r\nx + 1",)),
    Program("byte order mark", "the first character", ("\ufeffx = 1\nx",)),
]

"""The cell that carries a user's code into a session, together with the harness that reports on it.

Two lines: a comment that marks it, and a statement with what is asked for and the harness's source. A kernel in which
the harness is planted already reads what is asked for and never runs the statement. In a new kernel the statement runs
as any cell does: it plants the harness, which then runs the user's code. So it is one call in either case, and one
text. The statement has no value: the user's code may have replaced what shows values.
"""

import ast
import base64
import hashlib
import json
import secrets
import zlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_SOURCE = Path(__file__).with_name("planted.py")
_PLANT = (
    "if await (lambda asked, source: (lambda names: (exec(__import__('zlib').decompress(__import__('base64')"
    ".b64decode(source)), names), names['first_run'](asked))[1])({'__name__': 'code_interpreter_harness', "
    "'get_ipython': get_ipython, 'MARK': '%s'}))(\"%s\",\"%s\"): pass"
)


@dataclass(frozen=True)
class Cell:
    """`nonce` begins the line of stdout that reports: the user's code cannot know it beforehand."""

    text: str
    nonce: str


def make_cell(code: str, *, execution_id: str, longest_report: int) -> Cell:
    """`longest_report`: characters of stdout that surely come back; a longer report is left in the session alone."""
    nonce = secrets.token_hex(8)
    asked = {
        "code": code,
        "executionId": execution_id,
        "hash": code_hash(code),
        "nonce": nonce,
        "longest": longest_report - len(nonce) - 2,
    }
    mark, source = _planted()
    payload = base64.b64encode(json.dumps(asked).encode()).decode()
    return Cell(f"{mark}\n{_PLANT % (mark, payload, source)}", nonce)


def code_hash(code: str) -> str:
    """Tells whether two runs have the same code."""
    return hashlib.sha256(code.encode("utf-8", "surrogatepass")).hexdigest()


@cache
def _planted() -> tuple[str, str]:
    """The mark, which is another one for each version of the harness, and the harness's source, made short."""
    tree = ast.parse(_SOURCE.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list):  # texts that stand alone are comments
            kept = [item for item in body if not (isinstance(item, ast.Expr) and isinstance(item.value, ast.Constant))]
            node.body = kept or [ast.Pass()]  # type: ignore[attr-defined]
    source = zlib.compress(ast.unparse(tree).encode(), 9)
    return f"#code-interpreter:{hashlib.sha256(source).hexdigest()[:12]}", base64.b64encode(source).decode()

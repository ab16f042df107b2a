"""The cell that carries a user's code into a session, together with the harness that reports on it.

Two lines: a comment that marks it, and a statement with what is asked for and the harness's source. A kernel in which
the harness is planted already reads what is asked for and never runs the statement. In a new kernel the statement runs
as any cell does: it plants the harness, which then runs the user's code. So it is one call in either case, and one
text. The statement has no value: the user's code may have replaced what shows values.

A *task* is what the connector itself does in a session, such as to put the parts of a file together: a source file of
this folder with a function `perform`, which takes JSON and returns JSON. It leaves no trace in the user's interpreter.
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
from typing import Any

_FOLDER = Path(__file__).parent
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


def make_cell(code: str, *, execution_id: str, longest_report: int, detached_seconds: int | None = None) -> Cell:
    """`longest_report`: characters of stdout that surely come back; a longer report is left in the session alone.

    With `detached_seconds` the cell only starts the run, which may take as long; its record tells how it ended.
    """
    asked: dict[str, Any] = {"code": code, "executionId": execution_id, "hash": code_hash(code)}
    if detached_seconds is not None:
        asked["detached"] = {
            "source": _packed(_FOLDER / "variables.py", _FOLDER / "detached.py"),
            "timeoutInSeconds": detached_seconds,
        }
    return _cell(asked, longest_report)


def make_task_cell(source: Path, arguments: dict[str, Any], *, longest_report: int, with_harness: bool) -> Cell:
    """`source` is the task's file. Without the harness, it is a statement of the user's interpreter."""
    if with_harness:
        return _cell({"task": _packed(source), "arguments": arguments}, longest_report)
    nonce = secrets.token_hex(8)
    packed = base64.b64encode(json.dumps(arguments).encode()).decode()
    return Cell(_BARE_TASK % (nonce, packed, _packed(source)), nonce)


_BARE_TASK = (
    "(lambda nonce, arguments, source: (lambda json, b64decode, names: (exec(__import__('zlib').decompress("
    "b64decode(source)), names), print('\\x1e' + nonce + json.dumps({'told': names['perform'](json.loads("
    "b64decode(arguments)))})))[0])(__import__('json'), __import__('base64').b64decode, {'__name__': "
    '\'code_interpreter_task\'}))("%s", "%s", "%s");'
)


def _cell(asked: dict[str, Any], longest_report: int) -> Cell:
    nonce = secrets.token_hex(8)
    asked = {**asked, "nonce": nonce, "longest": longest_report - len(nonce) - 2}
    mark, source = _planted()
    payload = base64.b64encode(json.dumps(asked).encode()).decode()
    return Cell(f"{mark}\n{_PLANT % (mark, payload, source)}", nonce)


def code_hash(code: str) -> str:
    """Tells whether two runs have the same code."""
    return hashlib.sha256(code.encode("utf-8", "surrogatepass")).hexdigest()


@cache
def _planted() -> tuple[str, str]:
    """The mark, which is another one for each version of the harness, and the harness's source."""
    source = _packed(_FOLDER / "planted.py")
    return f"#code-interpreter:{hashlib.sha256(source.encode()).hexdigest()[:12]}", source


@cache
def _packed(*sources: Path) -> str:
    """Source files, one behind the other and made short."""
    tree = ast.parse("\n".join(source.read_text(encoding="utf-8") for source in sources))
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list):  # texts that stand alone are comments
            kept = [item for item in body if not (isinstance(item, ast.Expr) and isinstance(item.value, ast.Constant))]
            node.body = kept or [ast.Pass()]  # type: ignore[attr-defined]
    return base64.b64encode(zlib.compress(ast.unparse(tree).encode(), 9)).decode()

"""The cells that carry code into a session, together with the payload that reports on it.

Two lines: a comment that marks the cell, and a statement with what is asked for and the payload's source. A kernel in
which the payload is installed reads what is asked for and never runs the statement. In a new kernel the statement runs
as any cell does: it installs the payload, which then runs the user's code. So it is one call in either case, and one
text. The statement has no value, since the user's code may have replaced what shows values.

A *task* is what the connector itself does in a session, such as to append a chunk to a file: a module of `tasks/` with
a function `perform`, which takes JSON and returns JSON. It leaves no trace in the user's interpreter.
"""

import ast
import base64
import functools
import hashlib
import json
import secrets
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import protocol
from .payload import ORDER

_FOLDER = Path(__file__).parent
_INSTALL = (
    "if await (lambda asked, source: (lambda names: (exec(__import__('zlib').decompress(__import__('base64')"
    ".b64decode(source)), names), names['install'](asked))[1])({'__name__': 'code_interpreter_payload', "
    "'get_ipython': get_ipython, 'VERSION_MARK': '%s'}))(\"%s\",\"%s\"): pass"
)
_DIRECT_TASK = (
    "(lambda nonce, arguments, source: (lambda json, b64decode, names: (exec(__import__('zlib').decompress("
    "b64decode(source)), names), print('\\x1e' + nonce + json.dumps({'returned': names['perform'](json.loads("
    "b64decode(arguments)))})))[0])(__import__('json'), __import__('base64').b64decode, {'__name__': "
    '\'code_interpreter_task\'}))("%s", "%s", "%s");'
)
_DIGEST_CHARACTERS = 12


@dataclass(frozen=True)
class Cell:
    """`nonce` begins the line of stdout that carries the report. The user's code cannot know it beforehand."""

    text: str
    nonce: str


def make_cell(
    code: str,
    *,
    execution_id: str,
    max_report_characters: int,
    deferred_seconds: int | None = None,
    data_folder: str = protocol.DATA,
) -> Cell:
    """A report of more than `max_report_characters` is left in the execution record alone, because the pool may
    truncate stdout beyond that.

    With `deferred_seconds` the cell only schedules the run, which may take as long; its record has the report.
    """
    asked: dict[str, Any] = {"code": code, "executionId": execution_id, "hash": code_hash(code)}
    if deferred_seconds is not None:
        asked["deferredSeconds"] = deferred_seconds
    return _cell(asked, max_report_characters, data_folder)


def make_task_cell(
    source: Path,
    arguments: dict[str, Any],
    *,
    max_report_characters: int,
    with_payload: bool,
) -> Cell:
    """`source` is the task's module. Without the payload, the cell is a statement of the user's interpreter."""
    packed = _packed(_task_source(source))
    if with_payload:
        return _cell({"task": packed, "arguments": arguments}, max_report_characters, protocol.DATA)
    nonce = secrets.token_hex(8)
    return Cell(_DIRECT_TASK % (nonce, base64.b64encode(json.dumps(arguments).encode()).decode(), packed), nonce)


def code_hash(code: str) -> str:
    """Tells whether two runs have the same code."""
    return hashlib.sha256(code.encode("utf-8", "surrogatepass")).hexdigest()


def _cell(asked: dict[str, Any], max_report_characters: int, data_folder: str) -> Cell:
    nonce = secrets.token_hex(8)
    asked = {**asked, "nonce": nonce, "longest": max_report_characters - len(nonce) - 2}
    mark, source = _payload(data_folder)
    request = base64.b64encode(json.dumps(asked).encode()).decode()
    return Cell(f"{mark}\n{_INSTALL % (mark, request, source)}", nonce)


@functools.cache
def _payload(data_folder: str) -> tuple[str, str]:
    """The mark, which differs for each version of the payload, and the payload's source."""
    source = _packed(payload_source(data_folder))
    return f"{protocol.MARK}{hashlib.sha256(source.encode()).hexdigest()[:_DIGEST_CHARACTERS]}", source


def payload_source(data_folder: str = protocol.DATA) -> str:
    """The modules of the payload as one text, with the source of the watcher in it."""
    watcher = _joined(data_folder, _FOLDER / "watcher.py")
    modules = [_FOLDER / "payload" / f"{name}.py" for name in ORDER]
    return f"WATCHER_SOURCE = {watcher!r}\n{_joined(data_folder, *modules)}"


@functools.cache
def _task_source(source: Path) -> str:
    """A task with the protocol before it."""
    return _joined(protocol.DATA, source)


def _joined(data_folder: str, *paths: Path) -> str:
    """The protocol and these modules as one, without docstrings, annotations and the imports of each other."""
    bodies: list[ast.stmt] = []
    for path in (_FOLDER / "protocol.py", *paths):
        bodies += ast.parse(path.read_text(encoding="utf-8")).body
    kept = [statement for statement in bodies if not _is_left_behind(statement)]
    module = _WithoutAnnotations().visit(ast.Module(kept, []))
    for statement in module.body:
        if isinstance(statement, ast.Assign) and ast.unparse(statement.targets[0]) == "DATA":
            statement.value = ast.Constant(data_folder)
    return ast.unparse(ast.fix_missing_locations(module))


def _is_left_behind(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.ImportFrom) and (statement.level > 0 or statement.module == "__future__")


class _WithoutAnnotations(ast.NodeTransformer):
    """What only readers and type checkers need would travel with each cell, and newer syntax in it stop Python 3.8."""

    def visit_arg(self, node: ast.arg) -> ast.arg:
        node.annotation = None
        return node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST | None:
        if node.value is None:
            return None
        return ast.copy_location(ast.Assign([node.target], self.visit(node.value)), node)

    def generic_visit(self, node: ast.AST) -> ast.AST:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            node.returns = None
        super().generic_visit(node)
        body = getattr(node, "body", None)
        if isinstance(body, list):  # strings that stand alone are comments
            kept = [item for item in body if not (isinstance(item, ast.Expr) and isinstance(item.value, ast.Constant))]
            if kept or not isinstance(node, ast.Module):
                node.body = kept or [ast.Pass()]  # type: ignore[attr-defined]
        return node


@functools.lru_cache(maxsize=32)
def _packed(source: str) -> str:
    return base64.b64encode(zlib.compress(source.encode(), 9)).decode()

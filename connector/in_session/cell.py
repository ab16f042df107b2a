"""The cells that carry code into a session, together with the payload that reports on it.

A cell has two lines: a comment that marks it, and a statement that contains the request. A kernel in which the payload
is installed reads the request and never runs the statement. In another kernel the statement runs as any cell does. That
of a *complete* cell installs the payload, which then runs the user's code: one call, whatever the kernel has. That of a
*short* cell, which does not carry the payload, only reports that it is not installed. Neither statement has a value,
because the user's code may have replaced the display hook.

A *task* is something that the connector itself does in a session, such as appending a chunk to a file: a module of
`tasks/` with a function `perform`, which takes and returns JSON. It leaves no trace in the user's interpreter.
"""

import ast
import base64
import functools
import hashlib
import json
import re
import secrets
import threading
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import protocol
from .payload import ON_FIRST_USE, ORDER
from .tasks import SHARED

_FOLDER = Path(__file__).parent
_INSTALL = (
    "if await (lambda r, s: (lambda p: (lambda n: (exec(p.pop(''), n), n['install'](r))[1])({'__name__': "
    "'code_interpreter_payload', 'get_ipython': get_ipython, 'VERSION_MARK': '%s', 'PARTS': p, 'WATCHER_SOURCE': "
    "p.pop('watcher')}))(__import__('json').loads(__import__('zlib').decompress(__import__('base64').b64decode(s)))))"
    '("%s","%s"): pass'
)
_ANNOUNCE = (
    "if (lambda k: k.session.send(k.iopub_socket, 'stream', {'name': 'stdout', 'text': '%s%s%s\\n'}, "
    "k.get_parent('shell') if hasattr(k, 'get_parent') else k._parent_header, ident=b'stream.stdout'))"
    "(get_ipython().kernel) is None: pass "
    '#"%s",""'
)
"""Sent to the pool directly: the code may have replaced the streams."""

_DIRECT_TASK = (
    "(lambda nonce, arguments, source: (lambda json, b64decode, names: (exec(__import__('zlib').decompress("
    "b64decode(source)), names), print('\\x1e' + nonce + json.dumps({'returned': names['perform'](json.loads("
    "b64decode(arguments)))})))[0])(__import__('json'), __import__('base64').b64decode, {'__name__': "
    '\'code_interpreter_task\'}))("%s", "%s", "%s");'
)
_INDENTATION = re.compile("^(?:    )+", re.MULTILINE)
_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_DIGEST_CHARACTERS = 12
_packing = threading.Lock()
_EMPTY_COMMENTS = re.compile(r"\A(?:[ \t]*#\n+)+")


@dataclass(frozen=True)
class Cell:
    """`nonce` marks the line of stdout that carries the report. The user's code cannot know it beforehand."""

    text: str
    nonce: str
    short: str | None = None
    """For an interpreter that probably has the payload. None if no payload is needed."""

    def was_not_installed(self, stdout: str) -> bool:
        """Whether this is what the short cell wrote in an interpreter without the payload: nothing has run."""
        return f"{protocol.REPORT_MARK}{self.nonce}{protocol.NOT_INSTALLED}\n" in stdout

    def has_reported(self, stdout: str) -> bool:
        return protocol.REPORT_MARK + self.nonce in stdout


def make_cell(
    code: str,
    *,
    execution_id: str,
    max_report_characters: int,
    deferred_seconds: int | None = None,
    data_folder: str = protocol.DATA,
) -> Cell:
    """A report longer than `max_report_characters` is written to the execution record alone, because the pool may
    truncate stdout beyond that.

    With `deferred_seconds`, the cell only schedules the run, which may take that long; its report is in the record.
    """
    request: dict[str, Any] = {"code": code, "executionId": execution_id, "hash": code_hash(code)}
    if deferred_seconds is not None:
        request["deferredSeconds"] = deferred_seconds
    return _cell(request, max_report_characters, data_folder)


def make_start_cell(*, max_report_characters: int, data_folder: str = protocol.DATA) -> Cell:
    """Starts the oldest queued execution of an idle session."""
    return _cell({"startsNext": True}, max_report_characters, data_folder)


def make_task_cell(
    source: Path,
    arguments: dict[str, Any],
    *,
    max_report_characters: int,
    with_payload: bool,
) -> Cell:
    """`source` is the task's module. Without the payload, the cell is an ordinary statement."""
    packed = _packed(_task_source(source))
    if with_payload:
        return _cell({"task": packed, "arguments": arguments}, max_report_characters, protocol.DATA)
    nonce = secrets.token_hex(8)
    return Cell(_DIRECT_TASK % (nonce, base64.b64encode(json.dumps(arguments).encode()).decode(), packed), nonce)


def code_hash(code: str) -> str:
    """Identifies the code of a run. Empty comments and lines at its top do not count: they replace Markdown."""
    return hashlib.sha256(_EMPTY_COMMENTS.sub("", code).encode("utf-8", "surrogatepass")).hexdigest()


def _cell(request: dict[str, Any], max_report_characters: int, data_folder: str) -> Cell:
    nonce = secrets.token_hex(8)
    request = {**request, "nonce": nonce, "longest": max_report_characters - len(nonce) - 2}
    with _packing:  # the first calls of a process arrive together, and packing takes a quarter of a second
        mark, source = _payload(data_folder)
    encoded = base64.b64encode(json.dumps(request, separators=(",", ":")).encode()).decode()
    short = _ANNOUNCE % ("\\x1e", nonce, protocol.NOT_INSTALLED, encoded)
    return Cell(f"{mark}\n{_INSTALL % (mark, encoded, source)}", nonce, f"{mark}\n{short}")


@functools.cache
def _payload(data_folder: str) -> tuple[str, str]:
    """The mark, which differs for each version of the payload, and the payload's source."""
    # Other compressions and base 85 are shorter, but take milliseconds to decode; a session receives this once.
    source = base64.b64encode(zlib.compress(json.dumps(payload_sources(data_folder)).encode(), 9)).decode()
    return f"{protocol.MARK}{hashlib.sha256(source.encode()).hexdigest()[:_DIGEST_CHARACTERS]}", source


def payload_sources(data_folder: str = protocol.DATA) -> dict[str, str]:
    """What is compiled at once, by the name ""; the parts that are compiled on first use; and the watcher."""
    modules = [_FOLDER / "payload" / f"{name}.py" for name in ORDER]
    parts = [path for path in modules if path.stem in ON_FIRST_USE]
    return {**_sources(data_folder, modules, parts), "watcher": _sources(data_folder, [_FOLDER / "watcher.py"])[""]}


@functools.cache
def _task_source(source: Path) -> str:
    """A task, preceded by the protocol and by what it shares with other tasks."""
    statements = ast.parse(source.read_text(encoding="utf-8")).body
    imported = {each.module for each in statements if isinstance(each, ast.ImportFrom) and each.level == 1}
    shared = (source.with_name(f"{name}.py") for name in SHARED if name in imported)
    return _sources(protocol.DATA, [*shared, source])[""]


def _sources(data_folder: str, paths: Sequence[Path], parts: Sequence[Path] = ()) -> dict[str, str]:
    """The protocol and these modules as one, without docstrings, annotations and imports of each other; and, by their
    names, the functions and classes of those that are `parts`. Each other import occurs once, at the top.
    """
    bodies: list[ast.stmt] = []
    later: dict[str, list[ast.stmt]] = {}
    imported: dict[str, set[str]] = {}
    for path in (_FOLDER / "protocol.py", *paths):
        body = ast.parse(path.read_text(encoding="utf-8")).body
        for statement in body:
            if isinstance(statement, ast.ImportFrom) and statement.level == 1 and statement.module:
                imported.setdefault(statement.module, set()).update(alias.name for alias in statement.names)
        if path in parts:
            first = next(number for number, statement in enumerate(body) if isinstance(statement, _DEFINITIONS))
            later[path.stem], body = body[first:], body[:first]
        bodies += body
    kept = [statement for statement in bodies if not _is_dropped(statement)]
    imports = {ast.unparse(statement): statement for statement in kept if isinstance(statement, ast.Import)}
    kept = [*imports.values(), *(statement for statement in kept if not isinstance(statement, ast.Import))]
    module = _WithoutAnnotations().visit(ast.Module(kept, []))
    sections = {name: _WithoutAnnotations().visit(ast.Module(body, [])) for name, body in later.items()}
    nodes = [node for each in (module, *sections.values()) for node in ast.walk(each)]
    used = {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}
    module.body = [statement for statement in module.body if not _is_unused(statement, used)]
    for statement in module.body:
        if isinstance(statement, ast.Assign) and ast.unparse(statement.targets[0]) == "DATA":
            statement.value = ast.Constant(data_folder)
    stubs = [
        f"{name} = on_first_use({part!r}, {name!r})" for part in later for name in sorted(imported.get(part, set()))
    ]
    return {"": "\n".join([_text(module), *stubs]), **{name: _text(section) for name, section in sections.items()}}


def _text(module: ast.Module) -> str:
    return _INDENTATION.sub(lambda spaces: " " * (len(spaces[0]) // 4), ast.unparse(ast.fix_missing_locations(module)))


def _is_dropped(statement: ast.stmt) -> bool:
    """Imports of each other, and what annotations would need."""
    return isinstance(statement, ast.ImportFrom) and (statement.level > 0 or statement.module == "__future__")


def _is_unused(statement: ast.stmt, used: set[str]) -> bool:
    """An import that only annotations need; a constant that only the connector needs, or only the watcher."""
    if isinstance(statement, ast.ImportFrom):
        return not any((alias.asname or alias.name) in used for alias in statement.names)
    return isinstance(statement, ast.Assign) and all(
        isinstance(target, ast.Name) and target.id.lstrip("_").isupper() and target.id not in used
        for target in statement.targets
    )


class _WithoutAnnotations(ast.NodeTransformer):
    """Removes what only readers and type checkers need: it makes cells longer, and Python 3.8 may not accept it."""

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
        if isinstance(body, list):  # a bare string is only a comment
            kept = [item for item in body if not (isinstance(item, ast.Expr) and isinstance(item.value, ast.Constant))]
            if kept or not isinstance(node, ast.Module):
                node.body = kept or [ast.Pass()]  # type: ignore[attr-defined]
        return node


@functools.lru_cache(maxsize=32)
def _packed(source: str) -> str:
    return base64.b64encode(zlib.compress(source.encode(), 9)).decode()

"""`exit(n)`, `quit`, `sys.exit(n)`: they end the run, with a status, but not the interpreter.

IPython's own `exit` only asks the kernel to end after the cell, and `sys.exit` is a failure that IPython explains.
"""

from __future__ import annotations

import ast
import asyncio
import contextlib
import sys
from collections.abc import Iterator
from typing import Any, NoReturn

from .host import shell

_NAMES = ("exit", "quit")
_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_EXPLANATION = "To exit: use 'exit'"


def _ask_exit() -> NoReturn:
    """Replaces the shell's own method. IPython's `exit` stores its argument before it calls it."""
    code, shell.keepkernel_on_exit = shell.keepkernel_on_exit, None
    raise SystemExit(None if code is False else code)


class _BareExits:
    """A transformer of syntax trees: the statement `exit` calls it. IPython does so only in cells of one line."""

    def visit(self, module: ast.AST) -> ast.AST:
        pending = [module]
        while pending:
            for child in ast.iter_child_nodes(pending.pop()):
                if isinstance(child, ast.Expr):
                    name = child.value
                    if isinstance(name, ast.Name) and name.id in _NAMES and _is_ipythons(name.id, module):
                        child.value = ast.copy_location(ast.Call(name, [], []), name)
                elif isinstance(child, (ast.stmt, ast.ExceptHandler)) and not isinstance(child, _SCOPES):
                    pending.append(child)
        return module


def _is_ipythons(name: str, module: ast.AST) -> bool:
    """Whether it has its usual value, and the code does not assign another."""
    assigned = (node for node in ast.walk(module) if name in (getattr(node, "id", ""), getattr(node, "name", "")))
    is_assigned = any(not isinstance(getattr(node, "ctx", None), ast.Load) for node in assigned)
    return shell.user_ns.get(name) is shell.exiter and not is_assigned


@contextlib.contextmanager
def exits_end_the_run(code: str) -> Iterator[None]:
    shell.ask_exit = _ask_exit
    if "exit" not in code and "quit" not in code:
        yield
        return
    transformer = _BareExits()
    shell.ast_transformers.append(transformer)
    try:
        yield
    finally:
        with contextlib.suppress(ValueError):
            shell.ast_transformers.remove(transformer)


def is_success(failure: Any) -> bool:
    """Whether the exception of a run is a regular exit."""
    return isinstance(failure, SystemExit) and (failure.code is None or (failure.code == 0 and _is_int(failure.code)))


def _is_int(code: Any) -> bool:
    return isinstance(code, int)


def without_exit_error(reply: dict[str, Any]) -> dict[str, Any]:
    """The kernel's reply, which is not an error after a regular exit."""
    outcome = shell.last_execution_result
    if reply.get("status") != "error" or outcome is None or not is_success(outcome.error_in_exec):
        return reply
    kept: dict[str, Any] = {name: reply[name] for name in ("execution_count", "payload") if name in reply}
    return {"status": "ok", "user_expressions": {}, **kept}


def keep_loop_running() -> None:
    """`sys.exit` in a task ends the event loop, and with it the kernel. What awaits the task raises it all the same."""
    original = getattr(asyncio.Handle._run, "original", asyncio.Handle._run)

    def _run(self: Any) -> Any:
        with contextlib.suppress(SystemExit):
            return original(self)

    _run.original = original  # type: ignore[attr-defined]
    asyncio.Handle._run = _run  # type: ignore[method-assign]


def silence_explanation() -> None:
    """IPython warns after each `sys.exit`."""
    module = sys.modules["IPython.core.interactiveshell"]
    original = getattr(module.warn, "original", module.warn)

    def warn(message: Any, category: Any = None, stacklevel: int = 1, **others: Any) -> None:
        if not str(message).startswith(_EXPLANATION):
            original(message, category, stacklevel + 1, **others)

    warn.original = original  # type: ignore[attr-defined]
    module.warn = warn  # type: ignore[attr-defined]

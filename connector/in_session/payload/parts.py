"""Parts of the payload that are compiled on their first use: most runs need none of them.

`cell.py` puts `on_first_use` in the place of what other modules use of a part.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

# `cell.py` defines these in the namespace of the payload: the sources of the parts, and of the watcher.
PARTS: dict[str, str] = globals()["PARTS"]
WATCHER_SOURCE: str = globals()["WATCHER_SOURCE"]

_namespace = globals()
_compile, _execute = compile, exec
_compiling = threading.RLock()


def on_first_use(part: str, name: str) -> Callable[..., Any]:
    """What `name` stands for until the part that defines it is compiled: a function, or a class that is only called."""

    def use(*arguments: Any, **keywords: Any) -> Any:
        with _compiling:
            source = PARTS.pop(part, None)
            if source is not None:
                _execute(_compile(source, "<string>", "exec"), _namespace)
        return _namespace[name](*arguments, **keywords)

    return use

"""A failure as hints see it: exceptions with what the session knows about each. User code can forge all of it."""

import builtins
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from ...models import ExecutionError

Facts = dict[str, Any]

_SOURCE = re.compile(r"^ {2}(?:Cell In\[\d+\]|File /mnt/data/.*), line \d+.*\n {4}(.*)$", re.MULTILINE)
_ARROW = re.compile(r"^ {0,2}Cell In\[\d+\], line \d+[^\n]*\n(?:^ .*\n)*?^-+> *\d+ (.*)$", re.MULTILINE)
"""How IPython marks the line in a cell, in direct runs."""

_LONGEST_TEXT = 10_000
_LONGEST_TRACEBACK = 20_000
_MOST_NAMES = 3000
_MOST_LINKS = 10
"""More than a session reports, unless its code has forged the report."""


@dataclass(frozen=True)
class Link:
    """One exception of a chain. `facts` are those of `payload/facts.py`, not yet validated."""

    name: str
    message: str
    facts: Facts = field(default_factory=dict)

    @property
    def is_builtin(self) -> bool:
        return isinstance(getattr(builtins, self.name, None), type)

    @property
    def is_os_error(self) -> bool:
        kind = getattr(builtins, self.name, None)
        return (isinstance(kind, type) and issubclass(kind, OSError)) or self.number("errno") is not None

    def text(self, name: str) -> str:
        value = self.facts.get(name)
        return value[:_LONGEST_TEXT] if isinstance(value, str) else ""

    def texts(self, name: str) -> list[str]:
        value = self.facts.get(name)
        return [item for item in value[:_MOST_NAMES] if isinstance(item, str)] if isinstance(value, list) else []

    def number(self, name: str) -> int | None:
        value = self.facts.get(name)
        return value if isinstance(value, int) and not isinstance(value, bool) else None

    def is_true(self, name: str) -> bool:
        return self.facts.get(name) is True

    def bytes(self, name: str) -> bytes:
        try:
            return bytes.fromhex(self.text(name))
        except ValueError:
            return b""


@dataclass(frozen=True)
class Failure:
    """`links` begin with the exception itself. `source` is the innermost line of the user's code that was running."""

    links: Sequence[Link]
    source: str = ""
    line: int | None = None
    is_new_session: bool = False
    starts_program: bool = False
    """Whether the exception is subprocess's own: the program could not be started."""

    @property
    def error(self) -> Link:
        return self.links[0]

    @property
    def causes(self) -> Sequence[Link]:
        """The exception, and those that were raised on purpose as others: it says the same as they."""
        causes = [self.error]
        for link in self.links[1:]:
            if not link.is_true("isCause"):
                break
            causes.append(link)
        return causes

    @property
    def modules(self) -> frozenset[str] | None:
        """The packages that can be imported. None if they are unknown."""
        known = [link.texts("modules") for link in self.links if "modules" in link.facts]
        return frozenset(known[0]) if known else None


def failure_of(error: ExecutionError, facts: Sequence[Facts], *, is_new_session: bool) -> Failure:
    """Name and message are the error's, because they are validated."""
    first = Link(error.name[:_LONGEST_TEXT], error.message[:_LONGEST_TEXT], facts[0] if facts else {})
    others = [Link("", "", item) for item in facts[1:_MOST_LINKS]]
    others = [Link(link.text("name"), link.text("message"), link.facts) for link in others]
    traceback = (error.traceback or "")[-_LONGEST_TRACEBACK:]
    lines = _SOURCE.findall(traceback) or _ARROW.findall(traceback)
    source = lines[-1].strip() if lines else ""
    return Failure([first, *others], source, error.line, is_new_session, ", in Popen._execute_child(" in traceback)


def listed(names: Sequence[str], total: int | None = None, *, most: int = 10) -> str:
    """The first names, and how many there are besides."""
    more = (len(names) if total is None else total) - most
    return ", ".join(names[:most]) + (f" and {more} more" if more > 0 else "")


def alternatives(names: Sequence[str]) -> str:
    return " or ".join(names)

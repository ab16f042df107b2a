"""Values with expressions in them: which text is an expression, which has some in it, and which has none.

- A text that begins with `@` is an expression, and becomes its value, whatever its type.
- `@{...}` in a text is replaced by the value as text.
- A text that begins with `@@` has no expression: it stands for itself without the first `@`. Elsewhere `@@{` stands for
  `@{`. Both are as in the parser of the Logic Apps designer (Azure/LogicAppsUX).
"""

import re
from collections.abc import Callable, Iterator
from typing import Any

from workflow_player.content import text_of
from workflow_player.errors import FlowError

_NEXT = re.compile(r"@@\{|@\{")


def evaluated(value: Any, expression: Callable[[str], Any]) -> Any:
    """The value with every expression replaced by what `expression` returns for it."""
    if isinstance(value, dict):
        return {evaluated(name, expression): evaluated(member, expression) for name, member in value.items()}
    if isinstance(value, list):
        return [evaluated(item, expression) for item in value]
    if not isinstance(value, str) or "@" not in value:
        return value
    if value.startswith("@@"):
        return value[1:]
    if value.startswith("@") and not value.startswith("@{"):
        return expression(value[1:])
    return "".join(text if plain else text_of(expression(text)) for plain, text in _parts(value))


def expressions(value: Any) -> Iterator[str]:
    """Every expression in a value, without `@` and braces."""
    if isinstance(value, dict):
        for name, member in value.items():
            yield from expressions(name)
            yield from expressions(member)
    elif isinstance(value, list):
        for item in value:
            yield from expressions(item)
    elif isinstance(value, str) and "@" in value and not value.startswith("@@"):
        if value.startswith("@") and not value.startswith("@{"):
            yield value[1:]
        else:
            yield from (text for plain, text in _parts(value) if not plain)


def _parts(value: str) -> Iterator[tuple[bool, str]]:
    """The plain texts (True) and the expressions (False) of a text, in order."""
    position = 0
    while found := _NEXT.search(value, position):
        yield True, value[position : found.start()]
        if found[0] == "@@{":
            yield True, "@{"
            position = found.end()
            continue
        end = _end(value, found.end())
        yield False, value[found.end() : end]
        position = end + 1
    yield True, value[position:]


def _end(value: str, start: int) -> int:
    """Where the brace is that closes an expression: not inside a quoted text."""
    quoted = False
    for position in range(start, len(value)):
        if value[position] == "'":
            quoted = not quoted
        elif value[position] == "}" and not quoted:
            return position
    raise FlowError(f"an expression has no end: {value[start - 2 :]}")

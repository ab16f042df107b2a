"""The code that runs, made of the code that a caller sent: models put it into Markdown, editors add a byte order mark.

Only what no Python program can begin or end with is removed. Lines that are removed at the top leave empty ones below a
comment, because line numbers are those of the caller's text, and IPython does not count empty lines at the very top.
"""

import re

_FENCE = re.compile(r"(?P<indent>[ \t]*)(?P<fence>`{3,}+|~{3,}+)[ \t]*+(?P<info>[^`\n]*)")
_PYTHON = re.compile(
    r"""
    \{? \.? (?: python[\d.]* | py[\d.]* | pyw | ipython[\d.]* | ipy | pycon | jupyter(?:-python)? | code | te?xt
              | plaintext | tool_code ) \}?
    (?: :\S+ | (?: \s+ (?: [\w.-]+=(?:"[^"]*"|'[^']*'|\{[^}]*\}) | \.[\w-]+ | \{[^}]*\} | [\w./-]+\.py ) )* \s* \}? )
    """,
    re.IGNORECASE | re.VERBOSE,
)
"""What an opening fence may name: Python in its spellings, or text, with attributes or the name of a file."""

_INLINE = re.compile(r"(?P<ticks>`+)(?:(?:python3?|py)[ \t]++)?(?P<code>[^`\n]+)(?P=ticks)", re.IGNORECASE)
_BYTE_ORDER_MARK = "\ufeff"
_PLACEHOLDER = "#"


def code_to_run(sent: str) -> str:
    """The same program without a byte order mark, the Markdown around it, and line endings of other systems."""
    code = sent.lstrip(_BYTE_ORDER_MARK).replace("\r\n", "\n").replace("\r", "\n")
    if code.lstrip().startswith("%%"):  # the text of a cell magic need not be Python
        return code
    inline = _INLINE.fullmatch(code.strip())
    removed, code = (0, inline["code"]) if inline else _without_fence(code)
    return _with_the_same_lines(removed, code)


def _without_fence(code: str) -> tuple[int, str]:
    """How many lines were removed at the top, and the rest."""
    lines = code.split("\n")
    while lines and not lines[-1].strip():
        lines.pop()
    first = next((number for number, line in enumerate(lines) if line.strip()), len(lines))
    opening = _FENCE.fullmatch(lines[first]) if first < len(lines) else None
    inner = lines[first + 1 :]
    if opening is None:
        is_lonely = lines[first:] and lines[-1].strip() == "```" and not any("```" in line for line in lines[:-1])
        return (0, "\n".join(lines[:-1])) if is_lonely else (0, code)
    if not inner or not (opening["info"] == "" or _PYTHON.fullmatch(opening["info"].strip())):
        return 0, code
    fence = opening["fence"]
    if _closes(inner[-1], fence):
        inner.pop()
    elif fence[0] == "~":  # `~~~x` is an expression
        return 0, code
    elif inner[-1].endswith(fence):
        inner[-1] = inner[-1].removesuffix(fence)
    elif any(_closes(line, fence) for line in inner):  # other text follows
        return 0, code
    if _has_second_block(inner, fence):
        return 0, code
    indent = opening["indent"]
    kept = [line[len(indent) :] if line.startswith(indent) else line.lstrip(" \t") for line in inner]
    return first + 1, "\n".join(kept).lstrip(_BYTE_ORDER_MARK).rstrip("\n")


def _closes(line: str, fence: str) -> bool:
    found = _FENCE.fullmatch(line)
    return found is not None and found["fence"].startswith(fence) and not found["info"]


def _has_second_block(inner: list[str], fence: str) -> bool:
    """Whether a fence closes before another opens, as between two blocks, and not in a docstring of one."""
    fences = [line for line in inner if line.startswith(fence)]
    return len(fences) > 1 and _closes(fences[0], fence) and not _closes(fences[1], fence)


def _with_the_same_lines(removed: int, code: str) -> str:
    """The code with as many lines at its top as were removed or are empty there, the first of them a comment."""
    lines = code.split("\n")
    empty = next((number for number, line in enumerate(lines) if line.strip()), None)
    if empty is None or removed + empty == 0 or lines[empty].startswith("%%"):
        return code
    first = lines[empty]
    indent = first[: len(first) - len(first.lstrip(" \t"))]  # IPython dedents code by its first line, or by all lines
    # Only the first needs a comment, and the indent with it: they may be many, and the indent long.
    return "\n".join([indent + _PLACEHOLDER, *[""] * (removed + empty - 1), *lines[empty:]])

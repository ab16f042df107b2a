"""Text that is not Python: what surrounds code in chats, and characters that look like Python's own."""

import re
import unicodedata

from .failure import Failure, Link

_NAMES = ("SyntaxError", "IndentationError", "TabError", "_IncompleteInputError")
_CODE_POINT = re.compile(r"\(?U\+([0-9A-Fa-f]{4,6})\)?")
_REPLACEMENTS = {
    **dict.fromkeys("“”„‟«»＂", 'straight quotes (")'),
    **dict.fromkeys("‘’‚‛′＇", "straight quotes (')"),
    **dict.fromkeys("‐‑‒–—―−", "a hyphen-minus (-)"),
    **dict.fromkeys("×", "an asterisk (*)"),
    **dict.fromkeys("÷", "a slash (/)"),
    "≤": "<=",
    "≥": ">=",
    "≠": "!=",
    "…": "three dots (...)",
    "→": "->",
    "、": "a comma (,)",
    "。": "a full stop (.)",
    "【": "[",
    "】": "]",
    "「": 'straight quotes (")',
    "」": 'straight quotes (")',
    "《": 'straight quotes (")',
    "》": 'straight quotes (")',
}
_MARKUP = re.compile(r"&(?:lt|gt|amp|quot|nbsp|#\d+);|</?(?:p|br|div|span|pre|code|html|body)\b[^>]*>", re.IGNORECASE)
HAS_MARKUP = "The code contains HTML tags or entities. Send it as plain text: < instead of &lt;."
_FENCE = re.compile(r"\s*(```|~~~)")


def hint(failure: Failure) -> str | None:
    error = failure.error
    if error.name not in _NAMES:
        return None
    text = error.text("text") or failure.source
    if error.is_true("hasFence") or _FENCE.match(text):
        return "Send only the code: remove the text around it, and the Markdown fences between."
    return _character(failure, text) or _form(error, text)


def _character(failure: Failure, text: str) -> str | None:
    """A character that Python does not accept, or a quotation mark that does not end a string."""
    error = failure.error
    found = _CODE_POINT.search(error.message)
    offset = error.number("offset")
    if found:
        character = chr(min(int(found[1], 16), 0x10FFFF))
        column = text.find(character) + 1 or offset
    elif "unterminated string" in error.message or "EOL while scanning" in error.message:
        column = next((at for at, one in enumerate(text, 1) if one in "“”‘’„" and at >= (offset or 1)), None)
        if column is None:
            return None
        character = text[column - 1]
    else:
        return None
    name = unicodedata.name(character, "a control character")
    shown = f" {character}" if character.isprintable() and not character.isspace() else ""
    place = f"Line {failure.line}" if failure.line else "The code"
    where = f", column {column}," if column and failure.line else ""
    return f"{place}{where} has the character{shown} ({name}, U+{ord(character):04X}). {_remedy(character)}"


def _remedy(character: str) -> str:
    if character in _REPLACEMENTS:
        return f"Replace it with {_REPLACEMENTS[character]}, everywhere in the code."
    if unicodedata.category(character) == "Zs":
        return "Replace it with an ordinary space, everywhere in the code."
    if unicodedata.category(character) in ("Cf", "Cc"):
        return "It is invisible: remove it, everywhere in the code."
    plain = unicodedata.normalize("NFKC", character)
    if plain != character and plain.isascii() and plain.strip():
        return f"Replace it with `{plain}`, everywhere in the code."
    return "Outside of strings and comments, Python does not accept it: remove or replace it."


def _form(error: Link, text: str) -> str | None:
    message = error.message
    if _MARKUP.search(text):
        return HAS_MARKUP
    if "unexpected character after line continuation" in message and re.search(r"\\[nt\"']", text):
        return (
            "The code contains a backslash and a letter where line breaks should be: it was escaped twice. Send it "
            "with line breaks, which JSON encodes once, as \\n."
        )
    if error.name == "TabError":
        return "Indent all lines with spaces only, or with tabs only."
    if "'return' outside function" in message:
        return "`return` works only inside a function. Write the value as the last line: it becomes the result."
    if "'await' outside" in message:
        return "Make the function that awaits an `async def`, and await its call. At the top level, await works."
    if "unicodeescape" in message:
        return r"A backslash in a path begins an escape sequence. Write the string as r'...', or use / in paths."
    return None

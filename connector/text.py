"""Text that other programs can encode."""

from typing import Any


def well_formed(text: str) -> str:
    """The text with the halves of surrogate pairs joined, and U+FFFD in place of a half that is alone.

    Python has such text where JSON or a file name has it, but UTF-8 cannot encode it.
    """
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def well_formed_json(value: Any) -> Any:
    """A JSON value in which all text, including the names of members, is well formed."""
    match value:
        case str():
            return well_formed(value)
        case dict():
            return {well_formed(name): well_formed_json(inner) for name, inner in value.items()}
        case list():
            return [well_formed_json(inner) for inner in value]
    return value

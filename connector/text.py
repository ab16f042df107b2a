"""Text that other programs can encode."""


def well_formed(text: str) -> str:
    """The text with the halves of surrogate pairs joined, and U+FFFD in place of a half that is alone.

    Python has such text where JSON or a file name has it, but UTF-8 cannot encode it.
    """
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text

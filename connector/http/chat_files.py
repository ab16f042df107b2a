"""The files of a chat as GPT actions send them, instead of the texts that the contract has.

Source: "Sending and returning files with GPT Actions" in OpenAI's documentation.
"""

from typing import Any

_MEMBER = "openaiFileIdRefs"


def without_names(body: Any) -> tuple[Any, list[str | None]]:
    """The body with the `download_link` in place of each object `{name, id, mime_type, download_link}`, and the names
    of the files, which are None where there is no object.
    """
    files = body.get(_MEMBER) if isinstance(body, dict) else None
    if not isinstance(files, list):
        return body, []
    links = [file.get("download_link", file) if isinstance(file, dict) else file for file in files]
    names = [file.get("name") if isinstance(file, dict) else None for file in files]
    return {**body, _MEMBER: links}, [name if isinstance(name, str) else None for name in names]

"""What a run displayed, as the outputs of a report and as files of its execution's folder."""

from __future__ import annotations

from typing import Any

from ..protocol import MAX_OUTPUT_CHARACTERS, MAX_TITLE_CHARACTERS
from .host import encode, encode_strictly, from_base64, join, remove_files, to_base64, write_file
from .recorder import Display
from .values import to_json

_EXTENSIONS = {
    "image/png": "png",
    "image/jpeg": "jpg",
    "image/gif": "gif",
    "image/webp": "webp",
    "image/svg+xml": "svg",
    "application/pdf": "pdf",
    "application/json": "json",
    "application/javascript": "js",
    "text/html": "html",
    "text/markdown": "md",
    "text/latex": "tex",
    "text/plain": "txt",
}
_BASE64_TYPES = ("image/png", "image/jpeg", "image/gif", "image/webp", "application/pdf")


class OutputFiles:
    """The files `output-1.png` and so on of one execution. They can be updated while the run is in progress."""

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._written: list[tuple[Display, dict[str, Any], int]] = []  # one for each file, in their order

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(size for _, _, size in self._written)

    def update(self, displays: list[Display]) -> list[dict[str, Any]]:
        """Writes the files of new outputs. Returns all outputs, with as many contents as a report has room for."""
        earlier, self._written = self._written, []
        for display in displays:
            contents = list(display.bundle.items())
            if display.table is not None:
                contents.append(("application/json", display.table))
            for content_type, content in contents:
                number = len(self._written)
                if number < len(earlier) and earlier[number][0] is display:
                    self._written.append(earlier[number])
                else:
                    self._written.append(self._write(number + 1, display, content_type, content))
        names = {output["fileName"] for _, output, _ in self._written}
        remove_files(
            self._folder,
            *(output["fileName"] for _, output, _ in earlier if output["fileName"] and output["fileName"] not in names),
        )
        room, outputs = MAX_OUTPUT_CHARACTERS, []
        for _, output, _ in self._written:
            if len(output["content"]) > room:
                output = {name: value for name, value in output.items() if name != "content"}
            else:
                room -= len(output["content"])
            outputs.append(output)
        return outputs

    def _write(
        self, number: int, display: Display, content_type: str, content: Any
    ) -> tuple[Display, dict[str, Any], int]:
        content_type, text, data = _encoded(content_type, content)
        extension = _EXTENSIONS.get(content_type, "json" if content_type.endswith("json") else "txt")
        output: dict[str, Any] = {
            "contentType": content_type,
            "title": display.title and str(display.title)[:MAX_TITLE_CHARACTERS],
            "fileName": f"output-{number}.{extension}",
            "content": text,
        }
        try:
            write_file(join(self._folder, output["fileName"]), data)
        except OSError:
            output["fileName"] = None  # the disk is full
            data = b""
        return display, output, len(data)


def _encoded(content_type: str, content: Any) -> tuple[str, str, bytes]:
    """The content's type, text and bytes. If the content does not match its type, it is plain text."""
    if type(content) is not str:
        try:
            content = encode_strictly(content)
        except Exception:  # nan, or not JSON at all
            content = encode(_json_or_repr(content))
    elif content_type in _BASE64_TYPES:
        try:
            content = content.replace("\n", "")
            data = from_base64(content)
            return content_type, to_base64(data, newline=False).decode(), data
        except ValueError:
            pass
    if content_type in _BASE64_TYPES:
        content_type = "text/plain"
    return content_type, content, content.encode("utf-8", "replace")


def _json_or_repr(content: Any) -> Any:
    try:
        return to_json(content)
    except Exception:
        return repr(content)

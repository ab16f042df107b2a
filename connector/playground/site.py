"""The files of the page, as they are sent: with a version, and compressed. Knows no requests.

They are in `built/`, which `make playground` makes of `page/`. The version is a hash of all files, and the first
segment of their addresses. So browsers keep them for good, and no page gets the scripts of another version. The
documents that people open have addresses without a version.
"""

import gzip
import hashlib
import html
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

BUILT = Path(__file__).parent / "built"
INDEX = "index.html"
"""The page itself."""

SIGNED_IN = "signed_in.html"
"""Where Entra ID sends people who have signed in."""

FRAME = "frame.html"
"""The document in which the page shows HTML that user code has made."""

_CONTENT_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".csv": "text/csv; charset=utf-8",
    ".txt": "text/plain; charset=utf-8",
}
_DOCUMENTS = (INDEX, SIGNED_IN)


@dataclass(frozen=True)
class Asset:
    """A file that browsers get."""

    content_type: str
    content: bytes

    @cached_property
    def compressed(self) -> bytes:
        return gzip.compress(self.content, mtime=0)

    def etag_with(self, policy: str) -> str:
        """Weak, because it is the same for the content as it is and compressed."""
        return f'W/"{hashlib.sha256(self.content + policy.encode()).hexdigest()[:32]}"'


class Site:
    """The page and its files. They are read when they are first needed, because most instances never need them."""

    @property
    def version(self) -> str:
        return self._read[0]

    def asset(self, path: str) -> Asset | None:
        """The file at a path below the version. None if there is none."""
        return self._read[1].get(path)

    def document(self, name: str, data: Mapping[str, str]) -> Asset:
        """A document without a version, in which `data` are data attributes of its root."""
        attributes = " ".join(f'data-{name}="{html.escape(value)}"' for name, value in data.items())
        return _asset(name, self._read[2][name].replace("{data}", attributes).encode())

    @cached_property
    def _read(self) -> tuple[str, dict[str, Asset], dict[str, str]]:
        files = {
            path.relative_to(BUILT).as_posix(): path.read_bytes()
            for path in sorted(BUILT.rglob("*"))
            if path.suffix in _CONTENT_TYPES
        }
        documents = {name: files.pop(name).decode() for name in _DOCUMENTS}
        version = hashlib.sha256(
            b"".join(path.encode() + b"\0" + content + b"\0" for path, content in files.items())
        ).hexdigest()[:16]
        return (
            version,
            {path: _asset(path, content) for path, content in files.items()},
            {name: document.replace("{version}", version) for name, document in documents.items()},
        )


def _asset(path: str, content: bytes) -> Asset:
    return Asset(_CONTENT_TYPES[Path(path).suffix], content)

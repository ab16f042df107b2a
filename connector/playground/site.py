"""The files of the page, as they are sent: with a version, and compressed. Knows no requests.

The version is a hash of all files, and the first segment of their addresses. So browsers keep them for good, imports
between modules are relative, and no page gets the modules of another version. The documents that people open have
addresses without a version.
"""

import gzip
import hashlib
import html
import posixpath
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

PAGE = Path(__file__).parent / "page"
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
_TYPES_ALONE = (".d.ts", "state/types.js", "api/models.js")
"""What no browser ever loads."""

_DOCUMENTS = (INDEX, SIGNED_IN)
_STYLES = "styles.css"
_STYLE_COMMENT = re.compile(rb"/\*.*?\*/\n?", re.DOTALL)
_STATIC_IMPORT = re.compile(r"""^(?:import|export)\b(?:[\w\s{},*$]*\bfrom\b)?\s*["'](\.[^"']+)["']""", re.MULTILINE)


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
            path.relative_to(PAGE).as_posix(): path.read_bytes()
            for path in sorted(PAGE.rglob("*"))
            if path.suffix in _CONTENT_TYPES and not path.as_posix().endswith(_TYPES_ALONE)
        }
        documents = {name: files.pop(name).decode() for name in _DOCUMENTS}
        # One file, because the first paint waits for all of them. Their order is that of their names.
        files[_STYLES] = _STYLE_COMMENT.sub(
            b"", b"\n".join(files.pop(path) for path in list(files) if path.startswith("styles/"))
        )
        version = hashlib.sha256(
            b"".join(path.encode() + b"\0" + content + b"\0" for path, content in sorted(files.items()))
        ).hexdigest()[:16]
        preloads = "\n".join(
            f'<link rel="modulepreload" href="playground/{version}/{path}">' for path in _imported(files, "main.js")
        )
        documents[INDEX] = documents[INDEX].replace("<!-- modules -->", preloads)
        return (
            version,
            {path: _asset(path, content) for path, content in files.items()},
            {name: document.replace("{version}", version) for name, document in documents.items()},
        )


def _asset(path: str, content: bytes) -> Asset:
    return Asset(_CONTENT_TYPES[Path(path).suffix], content)


def _imported(files: dict[str, bytes], first: str) -> list[str]:
    """The modules that the first one needs before it starts, so that browsers get all of them at once."""
    found = [first]
    for path in found:  # which grows meanwhile
        for relative in _STATIC_IMPORT.findall(files[path].decode()):
            target = posixpath.normpath(posixpath.join(posixpath.dirname(path), relative))
            if target not in found:
                found.append(target)
    return found

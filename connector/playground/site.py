"""The files of the page, as they are sent: read once, with a version, compressed. Knows no requests.

The version is a hash of all files, and the first segment of the address of each but the page itself. So browsers keep
them for good, imports between modules are relative, and no page gets the modules of another version.
"""

import gzip
import hashlib
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

PAGE = Path(__file__).parent / "page"
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
_STYLES = "styles.css"
_STATIC_IMPORT = re.compile(r"""^(?:import|export)\b[^"';]*["'](\.[^"']+)["'];?$""", re.MULTILINE)


@dataclass(frozen=True)
class Asset:
    """A file, with its bytes as they are and compressed."""

    content_type: str
    content: bytes
    compressed: bytes
    etag: str


class Site:
    """The page and its files. They are read when they are first needed, because most instances never need them."""

    @property
    def version(self) -> str:
        return self._read[0]

    @property
    def document(self) -> Asset:
        """The page itself."""
        return self._read[2]

    def asset(self, path: str) -> Asset | None:
        """The file at a path below the version. None if there is none."""
        return self._read[1].get(path)

    @cached_property
    def _read(self) -> tuple[str, dict[str, Asset], Asset]:
        files = {
            str(path.relative_to(PAGE)): path.read_bytes()
            for path in sorted(PAGE.rglob("*"))
            if path.suffix in _CONTENT_TYPES and not path.name.endswith(".d.ts")
        }
        document = files.pop("index.html").decode()
        # One file, because the first paint waits for all of them. Their order is that of their names.
        styles = [path for path in files if path.startswith("styles/")]
        files[_STYLES] = b"\n".join(files.pop(path) for path in styles)
        version = hashlib.sha256(
            b"".join(path.encode() + b"\0" + content + b"\0" for path, content in sorted(files.items()))
        ).hexdigest()[:16]
        preloads = "\n".join(
            f'<link rel="modulepreload" href="playground/{version}/{path}">' for path in _imported(files, "main.js")
        )
        document = document.replace("<!-- modules -->", preloads).replace("{version}", version)
        assets = {path: _asset(path, content) for path, content in files.items()}
        return version, assets, _asset("index.html", document.encode())


def _asset(path: str, content: bytes) -> Asset:
    return Asset(
        _CONTENT_TYPES[Path(path).suffix],
        content,
        gzip.compress(content, mtime=0),
        f'"{hashlib.sha256(content).hexdigest()[:32]}"',
    )


def _imported(files: dict[str, bytes], first: str) -> list[str]:
    """The modules that the first one needs before it starts, so that browsers get all of them at once."""
    found, waiting = {first: None}, [first]
    while waiting:
        path = waiting.pop(0)
        for relative in _STATIC_IMPORT.findall(files[path].decode()):
            target = _resolved(path, relative)
            if target not in found:
                found[target] = None
                waiting.append(target)
    return list(found)


def _resolved(path: str, relative: str) -> str:
    segments = path.split("/")[:-1]
    for segment in relative.split("/"):
        if segment == "..":
            segments.pop()
        elif segment != ".":
            segments.append(segment)
    return "/".join(segments)

"""One version of a file at an https address, as the source of a copy."""

from dataclasses import asdict, dataclass, field
from typing import Any, ClassVar

from ..outbound.file_urls import FileVersion, OpenFile
from .transfer import Reach


@dataclass(frozen=True)
class UrlSource:
    """`opened` is the response with its beginning, from which the first part is read."""

    kind: ClassVar[str] = "url"

    url: str
    version: FileVersion
    size: int
    opened: OpenFile | None = field(default=None, compare=False, repr=False)

    def read(self, reach: Reach, first: int, last: int) -> bytes:
        """Raises BlobChanged, SourceUnavailable, and SourceNotAllowed if the settings no longer allow the host."""
        if first == 0 and self.opened is not None and self.opened.length == last + 1:
            content = self.opened.read(last + 1)
            if len(content) == last + 1:
                return content
        return reach.file_urls.read(self.url, self.version, first, last, size=self.size, deadline=reach.deadline)

    def close(self) -> None:
        if self.opened is not None:
            self.opened.close()

    def to_json(self) -> dict[str, Any]:
        return {"url": self.url, "version": asdict(self.version), "size": self.size}

    @classmethod
    def from_json(cls, members: dict[str, Any]) -> "UrlSource":
        return cls(members["url"], FileVersion(**members["version"]), members["size"])

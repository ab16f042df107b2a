"""One version of a blob, as the source of a copy."""

from dataclasses import asdict, dataclass
from typing import Any, ClassVar

from ..errors import SourceNotAllowed
from ..storage.containers import Blob, Container
from .transfer import Reach


@dataclass(frozen=True)
class BlobSource:
    """`container_url` is that of a container that the connector has in its settings."""

    kind: ClassVar[str] = "blob"

    container_url: str
    name: str
    etag: str
    size: int

    @classmethod
    def of(cls, container: Container, blob: Blob) -> "BlobSource":
        return cls(container.url, blob.name, blob.etag, blob.size)

    def read(self, reach: Reach, first: int, last: int) -> bytes:
        """Raises BlobChanged, BlobNotFound, and SourceNotAllowed if the settings no longer have the container."""
        for container in filter(None, (reach.storage.files, *reach.storage.imports)):
            if container.url == self.container_url:
                return container.read_range(self.name, first, last, etag=self.etag)
        raise SourceNotAllowed(
            "The connector's settings no longer have the container that this transfer reads. Begin a new one."
        )

    def close(self) -> None:
        """Its connections are those of the container."""

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, members: dict[str, Any]) -> "BlobSource":
        return cls(**members)

"""The containers that a deployment has: one for its own files, and those that files may be imported from."""

from dataclasses import dataclass, replace
from typing import Self

from ..errors import StorageNotConfigured
from ..outbound.deadlines import Deadline
from .containers import Container


@dataclass(frozen=True)
class Storage:
    """`files` is the connector's own container. Each is None or empty if its setting is."""

    files: Container | None = None
    imports: tuple[Container, ...] = ()

    def with_deadline(self, deadline: Deadline) -> Self:
        """The same containers, for an operation with this deadline."""
        files = None if self.files is None else self.files.with_deadline(deadline)
        return replace(self, files=files, imports=tuple(one.with_deadline(deadline) for one in self.imports))

    def require_files(self) -> Container:
        """Raises StorageNotConfigured."""
        if self.files is None:
            raise StorageNotConfigured(
                "The connector has no storage of its own. Set FILES_CONTAINER_URL to the address of a "
                "container of Blob Storage."
            )
        return self.files

    def container_of(self, blob_url: str) -> tuple[Container, str]:
        """The container that a blob is in, and its name there. Raises SourceNotAllowed."""
        raise NotImplementedError

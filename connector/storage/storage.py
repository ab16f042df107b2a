"""The containers that a deployment has: one for its own files, and those that files may be imported from."""

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Self

from ..bulkhead import Admission
from ..errors import InvalidRequest, SourceNotAllowed, StorageNotConfigured
from ..outbound.deadlines import Deadline
from .addresses import check_blob_name
from .containers import Container

EXPORTS = "exports/"
"""The beginning of the names of blobs in the connector's own container that callers choose. The names of others, which
belong to single callers, can be guessed.
"""

SHARED = "shared/"
WORKSPACES = "workspaces/"


def own_name(beginning: str, caller: str | None, name: str) -> str:
    """The name of a blob that belongs to one caller: SHARED or WORKSPACES, a hash of the caller, and `name`. Callers
    with function keys, who are None, are one.
    """
    return f"{beginning}{hashlib.sha256((caller or '').encode()).hexdigest()}/{name}"


@dataclass(frozen=True)
class Storage:
    """`files` is the connector's own container. Each is None or empty if its setting is."""

    files: Container | None = None
    imports: tuple[Container, ...] = ()

    def with_deadline(self, deadline: Deadline) -> Self:
        """The same containers, for an operation with this deadline."""
        return self._each(lambda container: container.with_deadline(deadline))

    def admitted_by(self, admission: Admission) -> Self:
        """The same containers, for a request that takes its place in the process before it calls them."""
        return self._each(lambda container: container.entered_by(admission.enter_pool))

    def require_files(self) -> Container:
        """Raises StorageNotConfigured."""
        if self.files is None:
            raise StorageNotConfigured(
                "The connector has no storage of its own. Set FILES_CONTAINER_URL to the address of a container of "
                "Blob Storage."
            )
        return self.files

    def container_of(self, blob_url: str, *, target: str = "blobUrl") -> tuple[Container, str]:
        """The container that a blob may be imported from, and the blob's name there: one of `imports`, or an export.

        `target` is the part of the request that has the URL. Raises SourceNotAllowed, and InvalidRequest for a
        query, a fragment, or a name that blobs cannot have.
        """
        for container in filter(None, (self.files, *self.imports)):
            name = container.address.name_of(blob_url)
            if name is None:
                continue
            check_blob_name(name, target)
            if container is self.files and not name.startswith(EXPORTS):
                break
            return container, name
        bare = re.split("[?#]", blob_url, maxsplit=1)[0]
        if bare != blob_url and any(container.address.name_of(bare) for container in self.imports):
            raise InvalidRequest(
                "The URL has more than the name of a blob. Send it without a query, such as a signature; a ? or # that "
                "belongs to the name is written as %3F or %23.",
                target=target,
            )
        raise SourceNotAllowed(
            "The URL is not that of a blob that files may be imported from. Send the complete URL of a blob in a "
            "container that IMPORT_CONTAINER_URLS names, or add the container to this setting.",
            target=target,
        )

    def _each(self, changed: Callable[[Container], Container]) -> Self:
        files = None if self.files is None else changed(self.files)
        return replace(self, files=files, imports=tuple(map(changed, self.imports)))

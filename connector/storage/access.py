"""Whether the connector can use a container: without a change in it, and without knowing what is there."""

import contextlib
import secrets

from ..errors import BlobNotFound
from .containers import Container


def check_access(container: Container, *, writes: bool, signs: bool) -> None:
    """Raises the error of the first call that fails. A role may have been lost although `signs` finds nothing: a key
    that signs URLs is used for some time.

    Azure checks the rights of a caller before it looks for the blob. So deleting a blob that cannot exist, because its
    name is random, tells whether the connector may write.
    """
    name = f"connection-check/{secrets.token_hex(16)}"
    with contextlib.suppress(BlobNotFound):
        container.get_blob(name)
    if writes:
        with contextlib.suppress(BlobNotFound):
            container.delete(name)
    if signs:
        container.signed_url(name, lifetime_seconds=60, file_name="check", content_type="application/octet-stream")

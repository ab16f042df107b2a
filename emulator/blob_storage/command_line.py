"""Storage as a part of `python -m emulator`: its options, its settings for the connector, and what is printed of it."""

import argparse
import tempfile
from pathlib import Path

from ..session_pool.wire.tokens import TokenAuthority
from .server import BlobStorageServer

DEFAULT_PORT = 7073


class StorageFolderError(Exception):
    """The message states which folder cannot be used, and why."""


class LocalStorage(BlobStorageServer):
    """With the containers `files` and `imports`; the second is a folder of the machine."""

    def __init__(self, authority: TokenAuthority, *, port: int, folder: Path | None, imports: Path | None) -> None:
        """Without `folder`, everything is in a temporary folder, which `stop` removes, but not `imports` if that is
        given. Raises PortInUse and StorageFolderError.
        """
        self._own = tempfile.TemporaryDirectory(prefix="emulator-storage-") if folder is None else None
        folder = Path(self._own.name) if self._own else folder or Path()
        self.imports = (imports or folder / "imports").absolute()
        try:
            super().__init__(authority, port=port, folder=folder, shared_folders={"imports": self.imports})
        except BaseException as failure:
            self._remove()
            if isinstance(failure, OSError | ValueError | KeyError):
                raise StorageFolderError(f"{folder} cannot be used for storage: {failure}") from None
            raise

    @property
    def settings(self) -> dict[str, str]:
        """Of the connector."""
        return {
            "FILES_CONTAINER_URL": self.container_url("files"),
            "IMPORT_CONTAINER_URLS": self.container_url("imports"),
        }

    def stop(self) -> None:
        super().stop()
        self._remove()

    def announce(self) -> None:
        print(f"storage        {self.container_url('files')}")
        print(f"imports        {self.container_url('imports')}/NAME is the file NAME in {self.imports}")

    def _remove(self) -> None:
        if self._own is not None:
            self._own.cleanup()


def add_storage_options(parser: argparse.ArgumentParser) -> None:
    """`storage` reads them."""
    parser.add_argument(
        "--storage-port",
        type=int,
        metavar="PORT",
        help=f"port of the storage account; 0 picks a free one (default {DEFAULT_PORT}, or the one after the pools)",
    )
    parser.add_argument(
        "--storage-folder", type=Path, metavar="FOLDER", help="keep what is stored there; without it, nothing is kept"
    )
    parser.add_argument(
        "--imports", type=Path, metavar="FOLDER", help="its files are what ImportFile finds in the container 'imports'"
    )
    parser.add_argument("--no-storage", action="store_true", help="start no storage account")


def storage(options: argparse.Namespace, authority: TokenAuthority) -> LocalStorage | None:
    """Raises PortInUse and StorageFolderError."""
    if options.no_storage:
        return None
    return LocalStorage(authority, port=storage_port(options), folder=options.storage_folder, imports=options.imports)


def storage_port(options: argparse.Namespace) -> int:
    """Without the option, the port after those of the pools, which is 0 if theirs are picked."""
    if options.storage_port is not None:
        return int(options.storage_port)
    return int(options.pool_port and options.pool_port + options.pools)


def conflict(options: argparse.Namespace) -> str | None:
    """What is wrong with the options together."""
    given = [
        name
        for name, value in (
            ("--storage-port", options.storage_port is not None),
            ("--storage-folder", options.storage_folder),
            ("--imports", options.imports),
        )
        if value
    ]
    if given and options.pool_endpoint:
        return (
            f"{given[0]} is for the emulator's storage, which does not know the account of `az login`: with "
            "--pool-endpoint, set FILES_CONTAINER_URL to a container in Azure"
        )
    if given and options.no_storage:
        return f"{given[0]} is for the storage that --no-storage leaves out"
    return None

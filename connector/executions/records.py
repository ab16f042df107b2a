"""An execution's folder in its session: its record and other files, which any instance of the connector can read.

Code in the session can write there too, so everything is validated.
"""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from ..errors import FileNotFound, FileTooLarge
from ..in_session import protocol, report
from ..in_session.report import UNREADABLE, Record, Report, Request
from ..in_session.session_json import MOST_BYTES
from ..models import FilePath
from ..session_pool.listings import TooManyFiles
from ..session_pool.sessions import SessionClient
from ..session_pool.wire import PoolFile

_SILENCE = timedelta(seconds=60)
"""A run without a heartbeat for this long has ended. The clocks of two machines may differ by some seconds."""


@dataclass(frozen=True)
class ExecutionFolder:
    """The folder of one execution. Each method is one call of the pool, and few more in rare cases."""

    session: SessionClient
    execution_id: str

    def files(self) -> dict[str, PoolFile]:
        """By name. Empty if the folder does not exist; without outputs if code has filled it with files."""
        try:
            return {file.name: file for file in self.session.list_files(self._folder, recursive=False)}
        except FileNotFound:
            return {}
        except TooManyFiles:
            return dict(self._own_files())

    def _own_files(self) -> Iterator[tuple[str, PoolFile]]:
        """A call for each."""
        for name in sorted(protocol.EXECUTION_FILES):
            with contextlib.suppress(FileNotFound):
                yield name, self.session.get_file(self._path(name))

    def record(self, files: dict[str, PoolFile] | None = None) -> Record | None:
        """None if there is no record, or if it is just being written. `files`, a listing of the folder, may save the
        call.
        """
        if files is not None and protocol.RECORD not in files:
            return None
        try:
            content = self.session.download_file(self._path(protocol.RECORD), max_bytes=MOST_BYTES)
        except FileNotFound:
            return None
        except FileTooLarge:
            return UNREADABLE
        return report.read_record(content) or (UNREADABLE if b"\n" in content else None)

    def progress(self) -> Report | None:
        """Whether a listing has it or not: one that is made while the session replaces the file may lack it."""
        content = self._read(protocol.PROGRESS, None)
        return None if content is None else report.read_progress(content)

    def request(self, files: dict[str, PoolFile]) -> Request | None:
        content = self._read(protocol.REQUEST, files)
        return None if content is None else report.read_request(content)

    def output(self, name: str, *, max_bytes: int) -> bytes | None:
        """None if it does not exist, or is larger."""
        return self._read(name, None, max_bytes)

    def put_request(self, request: Request) -> None:
        """Queues the execution."""
        self.session.upload_file(self._path(protocol.REQUEST), request.to_bytes())

    def withdraw_request(self) -> None:
        with contextlib.suppress(FileNotFound):
            self.session.delete_file(self._path(protocol.REQUEST))

    def request_cancel(self) -> None:
        try:
            self.session.upload_file(self._path(protocol.CANCEL), b"{}")
        except FileTooLarge:  # the disk is full, perhaps because of the run
            with contextlib.suppress(FileNotFound):
                self.session.delete_file(self._path(protocol.RUNNING))

    def _read(self, name: str, files: dict[str, PoolFile] | None, max_bytes: int = MOST_BYTES) -> bytes | None:
        if files is not None and name not in files:
            return None
        try:
            return self.session.download_file(self._path(name), max_bytes=max_bytes)
        except (FileNotFound, FileTooLarge):
            return None

    @property
    def _folder(self) -> str:
        return f"{protocol.OUTPUTS_FOLDER}/{self.execution_id}"

    def _path(self, name: str) -> FilePath:
        return FilePath(self._folder, name)


def has_heartbeat(files: dict[str, PoolFile]) -> bool:
    """Whether a deferred run is in progress, by the files in its folder: its interpreter and watcher are alive."""
    marker = files.get(protocol.RUNNING)
    return marker is not None and (marker.modified is None or is_recent(marker.modified))


def is_recent(time: datetime | None, age: timedelta = _SILENCE) -> bool:
    """Whether less than `age` has passed. By default, whether a heartbeat at that time shows a run in progress."""
    return time is not None and datetime.now(UTC) - time < age

"""An execution's folder in its session: its record and other files, which any instance of the connector can read.

Code in the session can write there too, so everything is validated.
"""

import contextlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from ..errors import FileNotFound, FileTooLarge
from ..in_session import protocol, report
from ..in_session.report import Record, Report, Request
from ..models import FilePath
from ..session_pool.sessions import SessionClient
from ..session_pool.wire import PoolFile

_MAX_FILE_BYTES = 64 << 20
_SILENCE = timedelta(seconds=60)
"""A run without a heartbeat for this long has ended. The clocks of two machines may differ by some seconds."""


@dataclass(frozen=True)
class ExecutionFolder:
    """The folder of one execution. Each method is one call of the pool; `request_cancel` may take two."""

    session: SessionClient
    execution_id: str

    def files(self) -> dict[str, PoolFile]:
        """By name. Empty if the folder does not exist."""
        try:
            return {file.name: file for file in self.session.list_files(self._folder, recursive=False)}
        except FileNotFound:
            return {}

    def record(self, files: dict[str, PoolFile] | None = None) -> Record | None:
        """None if there is no valid record. `files`, a listing of the folder, may save the call."""
        content = self._read(protocol.RECORD, files)
        return None if content is None else report.read_record(content)

    def progress(self, files: dict[str, PoolFile]) -> Report | None:
        content = self._read(protocol.PROGRESS, files)
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

    def _read(self, name: str, files: dict[str, PoolFile] | None, max_bytes: int = _MAX_FILE_BYTES) -> bytes | None:
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


def is_recent(time: datetime | None, age: timedelta = _SILENCE) -> bool:
    """Whether less than `age` has passed. By default, whether a heartbeat at that time shows a run in progress."""
    return time is not None and datetime.now(UTC) - time < age

"""What a run has left in its session, if its interpreter ended before it could report: outputs, and files."""

import base64
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from ..content_types import content_type
from ..errors import ConnectorError
from ..in_session.protocol import MAX_FILES, MAX_OUTPUTS, OUTPUTS_FOLDER, TRANSFERS_FOLDER
from ..in_session.report import Record
from ..models import Execution, File, FilePath, Output, unmistakable_folder
from ..session_pool.wire import PoolFile
from .hints.memory import with_memory_limit
from .notices import with_notice
from .outcomes import MORE_OUTPUTS, NOT_REPORTED, OUTPUTS_NOT_READ
from .records import ExecutionFolder

_OUTPUT = re.compile(r"output-(\d{1,9})\.\w+")
_MAX_READ = 20
_MAX_OUTPUT_BYTES = 2 << 20
"""Of each output whose content is read. That of others is only in its file."""

_CLOCK_STEP = timedelta(milliseconds=20)
"""The times of files are behind the clock by up to this."""


def with_recovered_results(execution: Execution, folder: ExecutionFolder, record: Record) -> Execution:
    """Adds them, as far as the pool can be reached. A few calls of the pool."""
    execution = with_memory_limit(execution, record.memory_limit)
    try:
        names = sorted((int(match[1]), name) for name in folder.files() if (match := _OUTPUT.fullmatch(name)))
        listed_names = [name for _, name in names[:MAX_OUTPUTS]]
        outputs = [_output(folder, name, is_read=number < _MAX_READ) for number, name in enumerate(listed_names)]
        is_one_call = folder.session.pool.wire.lists_recursively
        listed = folder.session.list_files("", recursive=is_one_call)
    except ConnectorError:
        return with_notice(execution, OUTPUTS_NOT_READ)
    files = _changed(listed, record.started, execution)
    # The outputs include the figure that the pool may have returned.
    execution = with_notice(replace(execution, outputs=outputs or execution.outputs, files=files), NOT_REPORTED)
    return _with_more_outputs(execution, len(names) - len(outputs))


def _with_more_outputs(execution: Execution, more: int) -> Execution:
    if more <= 0:
        return execution
    flagged = replace(execution, truncated={**(execution.truncated or {}), "outputs": True})
    return with_notice(flagged, MORE_OUTPUTS.format(more))


def _output(folder: ExecutionFolder, name: str, *, is_read: bool) -> Output:
    kind = content_type(name)
    content = folder.output(name, max_bytes=_MAX_OUTPUT_BYTES) if is_read else None
    if content is None:
        return Output(kind, None, None, name)
    is_text = kind.startswith("text/") or kind.endswith(("json", "xml", "javascript"))
    text = content.decode("utf-8", "replace") if is_text else base64.b64encode(content).decode()
    return Output(kind, text, None, name)


def _changed(files: list[PoolFile], started: datetime | None, execution: Execution) -> list[File]:
    """Those that were written during the run."""
    if started is None:
        return []
    ended = started + timedelta(milliseconds=execution.duration_in_milliseconds) + timedelta(seconds=1)
    until = ended if execution.duration_in_milliseconds else datetime.now(UTC) + timedelta(minutes=1)
    found = [
        File(file.name, unmistakable_folder(file.directory), file.size, content_type(file.name), file.modified)
        for file in files
        if not file.is_folder
        and file.directory.partition("/")[0] not in (OUTPUTS_FOLDER, TRANSFERS_FOLDER)
        and file.modified is not None
        and _since(started, file.modified) <= file.modified <= until
    ]
    return sorted(found, key=lambda file: str(FilePath(file.folder, file.file_name)))[:MAX_FILES]


def _since(started: datetime, modified: datetime) -> datetime:
    """Some pools return whole seconds."""
    return started.replace(microsecond=0) if modified.microsecond == 0 else started - _CLOCK_STEP

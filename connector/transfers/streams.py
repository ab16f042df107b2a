"""Files of hosts that serve no ranges: they are read once, in the request that imports them."""

import contextlib
from dataclasses import replace

from ..errors import ConnectorError, FileTooLarge
from ..files.operations import LARGEST_MESSAGE, upload_contents
from ..files.uploads import begin_upload, cancel_upload, put_chunk
from ..models import Files
from ..outbound.file_urls import OpenFile, unavailable
from . import transfer
from .transfer import Reach

LARGEST = LARGEST_MESSAGE
"""Bytes of a file that is read once, or of all files that are stored together."""


def check_size(size: int | None) -> None:
    """Raises FileTooLarge."""
    if size is not None and size > LARGEST:
        raise FileTooLarge(
            f"The host serves this file as a whole only, and it has more than {LARGEST:,} bytes. Store it where ranges "
            "of it can be requested, such as in Blob Storage.",
            target="fileUrl",
        )


def import_stream(reach: Reach, opened: OpenFile, *, file_name: str, session_id: str | None, folder: str) -> Files:
    """Stores the file in parts, while it is read. If that fails, nothing of it is left.

    Raises FileTooLarge, SourceUnavailable, InvalidFileName and SessionBusy.
    """
    part_bytes = transfer.PART_BYTES
    check_size(opened.size)
    reach.hold(part_bytes if opened.size is None else min(part_bytes, opened.size))
    part = opened.read(part_bytes)
    more = opened.read(1) if len(part) == part_bytes else b""
    session, upload, progress = begin_upload(
        reach.within_part().sessions,
        reach.facts,
        file_name=file_name,
        size=len(part) if opened.size is None else opened.size,
        session_id=session_id,
        folder=folder,
    )
    received = 0
    try:
        while not progress.files.files:
            follows = len(part) + len(more)
            if not follows:
                raise unavailable()  # it has ended before its stated size
            check_size(received + follows)
            size = received + follows if opened.size is None else opened.size
            next_reach = reach.within_part()
            progress = put_chunk(
                next_reach.sessions.session(session.id),
                reach.facts,
                replace(upload, size=size),
                first=received,
                content=part,
            )
            received += len(part)
            part = more + opened.read(part_bytes - 1) if more else b""
            more = opened.read(1) if len(part) == part_bytes else b""
    except ConnectorError:
        with contextlib.suppress(ConnectorError):
            last_session = reach.within_part().sessions.session(session.id)
            if session_id is None:  # nobody knows it
                last_session.end_session()
            else:
                cancel_upload(last_session, reach.facts, upload)
        raise
    return progress.files


def import_together(reach: Reach, files: list[tuple[str, OpenFile]], *, session_id: str | None, folder: str) -> Files:
    """Stores all of the files, or none. Raises what `import_stream` raises."""
    sizes = [opened.size for _, opened in files]
    total = sum(size or 0 for size in sizes)
    _check_sum(total)
    reach.hold(LARGEST if None in sizes else total)
    contents, received = [], 0
    for name, opened in files:
        content = opened.read(LARGEST - received + 1)
        received += len(content)
        _check_sum(received)
        if opened.size is not None and len(content) != opened.size:
            raise unavailable()
        contents.append((name, content))
    reach = reach.within_part()
    return upload_contents(reach.sessions, reach.facts, contents=contents, session_id=session_id, folder=folder)


def _check_sum(size: int) -> None:
    if size > LARGEST:
        raise FileTooLarge(
            f"The files have more than {LARGEST:,} bytes together. Import fewer at a time.", target="openaiFileIdRefs"
        )

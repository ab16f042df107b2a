"""The operations of files for models: results in words, with what to call next."""

import re
import shlex
from datetime import datetime
from typing import Any, cast

from ..callers.signed_tokens import require_tokens
from ..errors import FileTooLarge, InvalidFileContent, SourceNotAllowed
from ..files import operations as files
from ..files import upload_urls
from ..files.contents import decoded
from ..files.names import checked_folder, checked_path, shown_folder
from ..files.pages import Listing
from ..links import session_links, stored_links
from ..links.addresses import lifetime_of
from ..links.stored_links import StoredFile
from ..models import File, FilePath, Files, SharedFile, TransferProgress
from ..session_pool.sessions import SessionClient
from ..transfers.imports import Import, begin_import
from ..transfers.transfer import Transfer
from .context import McpContext
from .execution_text import file_line, shown_path, shown_size
from .file_content import file_result
from .fitting import Section, json_characters
from .protocol import Client, Json
from .resources import resource_link
from .results import sections_result

_MOST_FILES = 100
"""Of a page. A model reads all of them."""

LONGEST_COPY_SECONDS = 40
"""Of a file that is shared or imported. Some clients give up after 60 s (MCP SDK for TypeScript)."""

_PAGE_CHARACTERS = 25_000
"""In JSON; one more line, which may have 10,000, and the token fit into a result, too."""


def upload_file(context: McpContext, arguments: dict[str, Any], _: Client) -> Json:
    content, name = arguments.pop("content"), arguments.pop("file_name")
    encoded = _bytes(content, name, is_base64=arguments.pop("encoding", "text") == "base64")
    stored = files.upload_contents(context.sessions, context.facts, contents=[(name, encoded)], **arguments)
    file = stored.files[0]
    place = shown_path(FilePath(file.folder, file.file_name))
    return sections_result(
        [Section(f"Session ID: {stored.session_id}"), Section(f"Stored {place} ({shown_size(file.size)}).")]
    )


def create_upload_url(context: McpContext, arguments: dict[str, Any], _: Client) -> Json:
    created = upload_urls.create_upload_url(context.sessions, context.tokens, context.base_url, **arguments)
    name = arguments["file_name"]
    folder = shown_folder(checked_folder(arguments.get("folder", "")))
    # Without --globoff, curl takes {a,b} and [1-3] in the name for several files.
    command = f"curl --fail-with-body --globoff -T {_quoted(f'./{name}')} {_quoted(created.upload_url)}"
    return sections_result(
        [
            Section(f"Session ID: {created.session_id}"),
            Section(
                f"This command stores {shown_path(FilePath(folder, name))}. Run it once, where the file is, "
                f"before {_time(created.expiration_time)}; afterwards use the file with this session ID:",
                command,
            ),
        ]
    )


def _quoted(word: str) -> str:
    """For a shell. In double quotes, if nothing in the word means something there: cmd.exe has no other quotes."""
    return f'"{word}"' if re.fullmatch(r"[^\"$`\\!%\n\r]*", word) else shlex.quote(word)


def import_file(context: McpContext, arguments: dict[str, Any], _: Client) -> Json:
    """Raises FileTooLarge for a file that is not copied within the call: models do not poll."""
    context.sessions.admission.count_as_run()
    url = arguments.pop("url")
    source = {"blob_url": url} if _is_blob(context, url) else {"file_url": url}
    begun = begin_import(context.reach, **source, **arguments)
    if isinstance(begun, Import):
        remedy = (
            "Have a program import it with the connector's REST operation ImportFile, which can be polled, and use the "
            "session ID that it returns."
        )
        begun = cast(Files, _copied(context, begun, remedy, target="url"))
    file = begun.files[0]
    place = shown_path(FilePath(file.folder, file.file_name))
    return sections_result(
        [Section(f"Session ID: {begun.session_id}"), Section(f"Imported {place} ({shown_size(file.size)}).")]
    )


def _is_blob(context: McpContext, url: str) -> bool:
    """Whether the connector reads the URL with its own identity. With a signature, it does not need to."""
    if "?" in url:
        return False
    try:
        context.reach.storage.container_of(url)
    except SourceNotAllowed:
        return False
    return True


def list_files(context: McpContext, arguments: dict[str, Any], _: Client) -> Json:
    session = context.sessions.session(arguments.pop("session_id"))
    folder = checked_folder(arguments.pop("folder", ""))
    page = files.list_page(session, context.facts, folder=folder, max_items=_MOST_FILES, **arguments)
    shown = shown_path(FilePath(shown_folder(folder), "")).rstrip("/")
    if not page.files:
        below = "" if arguments.get("recursive") else " Subfolders are listed with recursive true."
        return sections_result([Section(f"There are no files in {shown}, or the session has ended.{below}")])
    lines, token = _fitting_lines(page.files), page.continuation_token
    if len(lines) < len(page.files):
        token = Listing(folder, arguments.get("recursive", False)).token(page.files[len(lines) - 1])
    parts = [Section(f"Files in {shown}:", "\n".join(lines))]
    if token is not None:
        parts.append(Section(f"There are more. Call ListFiles again, with continuationToken {token}"))
    return sections_result(parts)


def _fitting_lines(listed: list[File]) -> list[str]:
    """Of the first files, so that none is truncated: a page of long names has fewer."""
    lines, room = [], _PAGE_CHARACTERS
    for file in listed:
        lines.append(file_line(file))
        room -= json_characters(lines[-1]) + 2
        if room < 0:
            break
    return lines


def get_file(context: McpContext, arguments: dict[str, Any], _: Client) -> Json:
    session, path = _file(context, arguments)
    return file_result(session, context.facts, path, offset=arguments.get("offset", 0))


def share_file(context: McpContext, arguments: dict[str, Any], _: Client) -> Json:
    """As text for all models, and as a resource for hosts that show those to people."""
    seconds = lifetime_of(arguments.pop("lifetime_in_seconds", None), context.settings.link_max_hours)
    link = _shared(context, {**arguments, "lifetime_seconds": seconds})
    place = shown_path(FilePath(link.folder, link.file_name))
    until = f"until {_time(link.expiration_time)}" + ("" if link.is_durable else " or the file changes")
    parts = [
        Section(f"Link to {place} ({shown_size(link.size)}), {until}:", link.file_url),
        Section("Give the complete link to the user. Once it has expired, call ShareFile again."),
    ]
    if not link.file_url.startswith("https://"):
        return sections_result(parts)
    return sections_result(parts, resource_link(link.file_url, link.file_name, link.content_type, link.size))


def _shared(context: McpContext, arguments: dict[str, Any]) -> SharedFile:
    """Raises FileTooLarge for a file that is not copied within the call: models do not poll."""
    tokens = require_tokens(context.tokens, "links")
    if context.reach.storage.files is None:
        return session_links.share_file(context.sessions, context.facts, tokens, context.base_url, **arguments)
    context.sessions.admission.count_as_run()
    share = stored_links.begin_share(context.reach, **arguments)
    shared = cast(StoredFile, _copied(context, share, "Compress or split it, and share the parts.", target="fileName"))
    return shared.shared_file(tokens, context.base_url, context.sessions.caller)


def _copied(context: McpContext, transfer: Transfer, remedy: str, *, target: str) -> Any:
    """The result of a transfer. Raises FileTooLarge for one that does not end within the call."""
    copied = transfer.advance(context.reach, context.reach.until(LONGEST_COPY_SECONDS))
    if not isinstance(copied, TransferProgress):
        return copied
    transfer.cancel(context.reach)
    raise FileTooLarge(
        f"The file has {copied.size:,} bytes, and only {copied.received:,} were copied within {LONGEST_COPY_SECONDS} "
        f"seconds. {remedy}",
        target=target,
    )


def delete_file(context: McpContext, arguments: dict[str, Any], _: Client) -> Json:
    session, path = _file(context, arguments)
    files.delete_file(session, context.facts, path)
    return sections_result([Section(f"Deleted {shown_path(FilePath(shown_folder(path.folder), path.name))}.")])


def _file(context: McpContext, arguments: dict[str, Any]) -> tuple[SessionClient, FilePath]:
    path = checked_path(arguments["file_name"], arguments.get("folder", ""))
    return context.sessions.session(arguments["session_id"]), path


def _bytes(content: str, name: str, *, is_base64: bool) -> bytes:
    """Raises InvalidFileContent."""
    try:
        return decoded(content, 0, name) if is_base64 else content.encode()
    except InvalidFileContent:
        problem = "The argument content is not base64. Encode the bytes with padding, or omit encoding to store text."
    except UnicodeEncodeError:
        problem = "The argument content has half of a surrogate pair, which is not valid. Remove it, or send base64."
    raise InvalidFileContent(problem, target="content")


def _time(time: datetime) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S UTC")

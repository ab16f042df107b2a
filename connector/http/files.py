"""UploadFile, ListFiles, ListMoreFiles, GetFile, DownloadFile and DeleteFile."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any
from urllib.parse import quote, urlencode

import azure.functions as func

from ..errors import InvalidRequest
from ..files import operations as files
from ..files.finding import with_spaces
from ..files.names import checked_folder, checked_path
from ..files.reading import download_range
from ..models import FileBytes, FilePath, Files, camel_case
from ..session_pool.sessions import SessionClient
from ..workspaces import runs as workspace_runs
from . import forms, ranges, requests, responses
from .context import Context
from .transfers import reach_of

LISTING = "listing"
"""The purpose of the token in ListMoreFiles' address."""

_LINK_LIFETIME_SECONDS = 24 * 3600.0


def upload_file(context: Context, request: func.HttpRequest) -> func.HttpResponse:
    operation = context.operation("UploadFile")
    requests.parameters(operation, request)
    if requests.is_chunked(request):
        raise InvalidRequest(
            "UploadFile does not accept chunked uploads. Turn off 'Allow chunking' in the action's settings, or send "
            "the file with PutFile.",
            target="x-ms-transfer-mode",
        )
    if requests.media_type(request) == "multipart/form-data":
        form = forms.form(operation, request, context.admission)
        return _stored(context, form, files.upload_contents)
    body = requests.json_arguments(operation, request, context.admission)
    body["files"] = [requests.arguments(file) for file in body["files"]]
    return _stored(context, body, files.upload_file)


def _stored(context: Context, arguments: dict[str, Any], upload: Callable[..., Files]) -> func.HttpResponse:
    """Calls `upload` with the arguments, around which a workspace is restored and saved if they name one."""
    workspace_id = arguments.pop("workspace_id", None)
    if workspace_id is None:
        return responses.json_response(upload(context.sessions, context.facts, **arguments))
    used, sessions = workspace_runs.before(reach_of(context), arguments, workspace_id)
    stored = upload(sessions, context.facts, **arguments)
    return responses.json_response(workspace_runs.after_upload(reach_of(context), stored, used))


def list_files(context: Context, request: func.HttpRequest) -> func.HttpResponse:
    arguments = requests.parameters(context.operation("ListFiles"), request)
    session_id = arguments.pop("session_id")
    return _page(context, request, "/files", session_id, arguments)


def list_more_files(context: Context, request: func.HttpRequest) -> func.HttpResponse:
    requests.check_signed_url(context.operation("ListMoreFiles"), request)
    if context.address is None:
        raise InvalidRequest(
            "This address is not one of the connector's, or has expired. List the files again with ListFiles.",
            target="token",
        )
    return _page(context, request, "/listings", context.address["session_id"], context.address["arguments"])


def _page(
    context: Context, request: func.HttpRequest, route: str, session_id: str, arguments: dict[str, Any]
) -> func.HttpResponse:
    """`arguments` are those of the list, and `route` is the request's. With a SIGNING_KEY, the next page's address
    needs no function key.
    """
    folder = checked_folder(arguments.get("folder", ""))
    session = context.sessions.session(session_id)
    listed = files.list_page(session, context.facts, **{**arguments, "folder": folder})
    if listed.continuation_token is not None:
        following = {**arguments, "continuation_token": listed.continuation_token}
        base = responses.base_url(context.settings, request, route)
        if context.tokens is None:
            query = {"sessionId": session_id, **{camel_case(name): value for name, value in following.items()}}
            link = f"{base}/files?{urlencode(query, quote_via=quote)}"
        else:
            address = {"session_id": session_id, "arguments": following, "caller": context.sessions.caller}
            token = context.tokens.seal(LISTING, address, lifetime_seconds=_LINK_LIFETIME_SECONDS)
            link = f"{base}/listings?token={token}"
        listed = replace(listed, next_link=link)
    return responses.json_response(listed)


def get_file(context: Context, request: func.HttpRequest) -> func.HttpResponse:
    session, path = _file(context, "GetFile", request)
    read = partial(files.get_file, session, context.facts)
    return responses.json_response(with_spaces(session, context.facts, path, read))


def download_file(context: Context, request: func.HttpRequest) -> func.HttpResponse:
    session, path = _file(context, "DownloadFile", request)
    found = with_spaces(session, context.facts, path, partial(files.find_headers, session, context.facts))
    return content_response(context, request, session, *found)


def content_response(
    context: Context, request: func.HttpRequest, session: SessionClient, path: FilePath, file: FileBytes
) -> func.HttpResponse:
    """The bytes that the request's headers ask for. `file` has the headers of the file at `path`."""
    if ranges.is_unchanged(request.headers, file.etag):
        return responses.unchanged_response(file)
    requested = ranges.requested_range(request.headers, file, files.LARGEST_MESSAGE)
    if requested is None:
        return responses.file_response(files.download_file(session, context.facts, path, file))
    first, last = requested
    context.admission.hold((last - first + 1) * files.COPIES)
    content = download_range(session, context.facts, path, file, first=first, last=last)
    return responses.file_response(replace(file, content=content), first)


def download_file_headers(context: Context, request: func.HttpRequest) -> func.HttpResponse:
    session, path = _file(context, "DownloadFileHeaders", request)
    _, file = with_spaces(session, context.facts, path, partial(files.find_headers, session, context.facts))
    is_unchanged = ranges.is_unchanged(request.headers, file.etag)
    return responses.unchanged_response(file) if is_unchanged else responses.file_response(file)


def delete_file(context: Context, request: func.HttpRequest) -> func.HttpResponse:
    session, path = _file(context, "DeleteFile", request)
    files.delete_file(session, context.facts, path)
    return responses.no_content_response()


def _file(context: Context, operation_id: str, request: func.HttpRequest) -> tuple[SessionClient, FilePath]:
    """The session and the file that a request's parameters name."""
    arguments = requests.parameters(context.operation(operation_id), request)
    path = checked_path(arguments["file_name"], arguments.get("folder", ""))
    return context.sessions.session(arguments["session_id"]), path

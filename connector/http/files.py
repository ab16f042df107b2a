"""UploadFile, ListFiles, GetFile, DownloadFile and DeleteFile."""

from dataclasses import replace

import azure.functions as func

from ..errors import InvalidRequest
from ..files import operations as files
from ..files.names import checked_folder, checked_path
from ..files.reading import download_range
from ..models import FilePath
from ..session_pool.sessions import SessionClient
from . import ranges, requests, responses
from .context import Context


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
        form = requests.form(operation, request)
        return responses.json_response(files.upload_contents(context.sessions, context.facts, **form))
    body = requests.arguments(operation.checked_body(requests.json_body(operation, request)))
    body["files"] = [requests.arguments(file) for file in body["files"]]
    return responses.json_response(files.upload_file(context.sessions, context.facts, **body))


def list_files(context: Context, request: func.HttpRequest) -> func.HttpResponse:
    arguments = requests.parameters(context.operation("ListFiles"), request)
    session = context.sessions.session(arguments.pop("session_id"))
    folder = checked_folder(arguments.pop("folder", ""))
    return responses.json_response(files.list_files(session, folder=folder, **arguments))


def get_file(context: Context, request: func.HttpRequest) -> func.HttpResponse:
    session, path = _file(context, "GetFile", request)
    return responses.json_response(files.get_file(session, context.facts, path))


def download_file(context: Context, request: func.HttpRequest) -> func.HttpResponse:
    session, path = _file(context, "DownloadFile", request)
    file = files.download_file_headers(session, path)
    if ranges.is_unchanged(request.headers, file):
        return responses.unchanged_response(file)
    requested = ranges.requested_range(request.headers, file, files.LARGEST_MESSAGE)
    if requested is None:
        return responses.file_response(files.download_file(session, context.facts, path, found=file))
    first, last = requested
    content = download_range(session, context.facts, path, file, first=first, last=last)
    return responses.file_response(replace(file, content=content), first)


def download_file_headers(context: Context, request: func.HttpRequest) -> func.HttpResponse:
    session, path = _file(context, "DownloadFileHeaders", request)
    file = files.download_file_headers(session, path)
    is_unchanged = ranges.is_unchanged(request.headers, file)
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

"""PutFile, complete or as the beginning of a chunked upload, and PutUpload, the same at a URL of CreateUploadUrl;
PatchUpload, GetUpload and CancelUpload.

The protocol is that of Azure Logic Apps. Source: "Handle large messages with chunking" in its documentation.
"""

from contextlib import AbstractContextManager, nullcontext
from typing import Any

import azure.functions as func

from ..callers.signed_tokens import require_tokens
from ..errors import InvalidRequest, UploadNotFound
from ..files import operations as files
from ..files import upload_urls, uploads
from ..files.names import may_be_path, path_as_name
from ..files.uploads import Progress, Upload
from ..session_pool.facts import PoolFacts
from ..session_pool.sessions import SessionClient
from . import ranges, requests, responses
from .context import Context

UPLOAD = "upload"
"""The purpose of the token in an upload's address."""


def put_file(context: Context, request: func.HttpRequest) -> func.HttpResponse:
    arguments = requests.parameters(context.operation("PutFile"), request)
    if may_be_path(arguments["file_name"]):  # UploadFile stores these characters in a name
        raise path_as_name(arguments["file_name"])
    return _store(context, request, arguments, "/files/")


def create_upload_url(context: Context, request: func.HttpRequest) -> func.HttpResponse:
    operation = context.operation("CreateUploadUrl")
    requests.parameters(operation, request)
    body = requests.json_arguments(operation, request, context.admission)
    base = responses.base_url(context.settings, request, "/uploads")
    return responses.json_response(upload_urls.create_upload_url(context.sessions, context.tokens, base, **body))


def put_upload(context: Context, request: func.HttpRequest) -> func.HttpResponse:
    requests.check_signed_url(context.operation("PutUpload"), request)
    destination = upload_urls.destination(context.sessions, context.address)
    path = destination.path
    arguments = {"file_name": path.name, "folder": path.folder, "session_id": destination.session.id}
    return _store(context, request, arguments, "/uploads", destination.used_once())


def _store(
    context: Context,
    request: func.HttpRequest,
    arguments: dict[str, Any],
    route: str,
    use: AbstractContextManager[None] | None = None,
) -> func.HttpResponse:
    """Stores the body as a file, or begins a chunked upload. `route` is the beginning of the request's; `use` is around
    what changes the session, after the request has been checked.
    """
    use = use or nullcontext()
    if requests.is_chunked(request):
        return _begin_upload(context, request, arguments, route, use)
    requests.check_is_complete_file(request)
    content = requests.complete_body(request, context.admission, file_name=arguments["file_name"])
    with use:
        stored = files.put_file(context.sessions, context.facts, content=content, **arguments)
    return responses.json_response(stored)


def _begin_upload(
    context: Context,
    request: func.HttpRequest,
    arguments: dict[str, Any],
    route: str,
    use: AbstractContextManager[None],
) -> func.HttpResponse:
    alternative = ", or turn off 'Allow chunking' in the action's settings"
    tokens = require_tokens(context.tokens, "chunked uploads", alternative)
    if requests.complete_body(request, context.admission):
        raise InvalidRequest(
            "A request that begins a chunked upload must not have a body. Send the chunks to the address in Location.",
            target="x-ms-transfer-mode",
        )
    size = ranges.announced_length(request.headers.get("x-ms-content-length", ""))
    with use:
        session, upload, progress = uploads.begin_upload(context.sessions, context.facts, size=size, **arguments)
    address = {**upload.to_json(), "session_id": session.id, "caller": context.sessions.caller}
    token = tokens.seal(UPLOAD, address, lifetime_seconds=uploads.LIFETIME_SECONDS)
    response = _progress_response(progress)
    response.headers["Location"] = f"{responses.base_url(context.settings, request, route)}/uploads?token={token}"
    return response


def patch_upload(context: Context, request: func.HttpRequest) -> func.HttpResponse:
    session, facts, upload = _upload(context, "PatchUpload", request)
    content = requests.complete_body(request, context.admission)
    first = ranges.sent_range(request.headers.get("content-range", ""), len(content), upload.size)
    return _progress_response(uploads.put_chunk(session, facts, upload, first=first, content=content))


def get_upload(context: Context, request: func.HttpRequest) -> func.HttpResponse:
    return _progress_response(uploads.get_upload(*_upload(context, "GetUpload", request)))


def cancel_upload(context: Context, request: func.HttpRequest) -> func.HttpResponse:
    uploads.cancel_upload(*_upload(context, "CancelUpload", request))
    return responses.no_content_response()


def _upload(context: Context, operation_id: str, request: func.HttpRequest) -> tuple[SessionClient, PoolFacts, Upload]:
    """The session and the upload of a request's address, and the facts. Raises UploadNotFound."""
    requests.check_signed_url(context.operation(operation_id), request)
    if context.address is None:
        raise UploadNotFound(
            "This is not the address of a chunked upload, or it has expired. Begin the upload again with PutFile; a "
            "URL of CreateUploadUrl only takes a file, with PUT."
        )
    session = context.sessions.session(context.address["session_id"])
    return session, context.facts, Upload.from_json(context.address)


def _progress_response(progress: Progress) -> func.HttpResponse:
    headers = {**uploads.received_range(progress.received), "x-ms-chunk-size": str(uploads.CHUNK_BYTES)}
    return responses.json_response(progress.files, headers=headers)

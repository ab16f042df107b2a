"""PutFile, complete or as the beginning of a chunked upload; PatchUpload, GetUpload and CancelUpload.

The protocol is that of Azure Logic Apps. Source: "Handle large messages with chunking" in its documentation.
"""

from typing import Any

import azure.functions as func

from ..errors import InternalError, InvalidRequest, UploadNotFound
from ..files import operations as files
from ..files import uploads
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
    if requests.is_chunked(request):
        return _begin_upload(context, request, arguments)
    requests.check_is_complete_file(request)
    content = requests.complete_body(request, context.admission, file_name=arguments["file_name"])
    return responses.json_response(files.put_file(context.sessions, context.facts, content=content, **arguments))


def _begin_upload(context: Context, request: func.HttpRequest, arguments: dict[str, Any]) -> func.HttpResponse:
    if context.tokens is None:
        raise InternalError(
            "The setting SIGNING_KEY is missing, and chunked uploads need it. Set it to a secret of at least 32 "
            "characters, the same on all instances, or turn off 'Allow chunking' in the action's settings."
        )
    if requests.complete_body(request, context.admission):
        raise InvalidRequest(
            "A request that begins a chunked upload must not have a body. Send the chunks to the address in Location.",
            target="x-ms-transfer-mode",
        )
    size = ranges.announced_length(request.headers.get("x-ms-content-length", ""))
    session, upload, progress = uploads.begin_upload(context.sessions, context.facts, size=size, **arguments)
    address = {**upload.to_json(), "session_id": session.id, "caller": context.sessions.caller}
    token = context.tokens.seal(UPLOAD, address, lifetime_seconds=uploads.LIFETIME_SECONDS)
    response = _progress_response(progress)
    response.headers["Location"] = f"{responses.base_url(context.settings, request, '/files/')}/uploads?token={token}"
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
    try:
        requests.parameters(context.operation(operation_id), request)
    except InvalidRequest as failure:
        if failure.target != "token":  # a token of the wrong form is not found, like any other invalid token
            raise
    if context.address is None:
        raise UploadNotFound(
            "This address is not one of the connector's uploads, or has expired. Begin the upload again with PutFile."
        )
    session = context.sessions.session(context.address["session_id"])
    return session, context.facts, Upload.from_json(context.address)


def _progress_response(progress: Progress) -> func.HttpResponse:
    headers = {**uploads.received_range(progress.received), "x-ms-chunk-size": str(uploads.CHUNK_BYTES)}
    return responses.json_response(progress.files, headers=headers)

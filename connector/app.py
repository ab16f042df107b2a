"""The HTTP edge: an azure.functions request in, an operation in the middle, an azure.functions response out.

One wrapper around every function: nothing raises to the host, which would answer an exception with an empty 500.
"""

import copy
import logging
import os
import re
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import azure.functions as func

from . import connection, sessions
from .callers.signed_tokens import Tokens
from .contract.documents import Documents
from .contract.sign_in import EntraId
from .contract.validation import Contract
from .errors import ConnectorError, ExecutionNotFound, InternalError, InvalidRequest, UploadNotFound, to_answer
from .executions import operations as executions
from .executions.calls import Runs
from .files import operations as files
from .files import uploads
from .files.names import checked_folder, checked_path
from .files.reading import download_range
from .files.uploads import Progress, Upload
from .http import requests as received
from .http import responses as answers
from .http.ranges import announced_length, asked_range, is_unchanged, sent_range
from .models import Execution, FilePath
from .session_pool.client import SessionPoolClient
from .session_pool.credentials import PoolCredential
from .session_pool.deadlines import Deadlines
from .session_pool.sessions import CallerSessions, SessionClient
from .settings import Settings, signs_in_with_entra

if TYPE_CHECKING:
    from .callers.entra import EntraSignIn

_POLL, _UPLOAD = "poll", "upload"
_PURPOSES = {"PollExecution": _POLL, "PatchUpload": _UPLOAD, "GetUpload": _UPLOAD, "CancelUpload": _UPLOAD}
"""What the token in an operation's address is for."""

_SHORTEST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS = 2, 20
"""Between the polls of a run: a tenth of the time that it has taken."""

_POLL_LIFETIME_SECONDS = 24 * 3600.0

DEADLINES = Deadlines()
"""Of calls of the pool."""

logger = logging.getLogger(__name__)


class Connector:
    """What the functions of one app share. Made at import, so it does not fail: what is wrong is told by each call."""

    def __init__(self, environment: Mapping[str, str] = os.environ) -> None:
        self.auth_level = func.AuthLevel.ANONYMOUS if signs_in_with_entra(environment) else func.AuthLevel.FUNCTION
        """What the host asks callers for: a function key, or nothing where the connector itself asks for a token."""

        self._misset: InternalError | None = None
        try:
            self._settings = Settings.from_environment(environment)
        except InternalError as failure:
            self._misset = failure
            return
        self.contract = Contract(max_code_characters=self._settings.max_code_characters)
        self._sign_in, entra = _entra(self._settings)
        self.documents = Documents(self.contract.document, entra)
        pool = SessionPoolClient(
            self._settings.pool_management_endpoint,
            PoolCredential(self._settings.pool_credential, self._settings.azure_client_id),
            api_version=self._settings.pool_api_version,
            connections=self._settings.python_threadpool_thread_count,
            deadlines=DEADLINES,
        )
        self.sessions = CallerSessions(pool)
        key = self._settings.signing_key
        self.tokens = Tokens(key, self._settings.signing_key_previous) if key else None
        self.runs = Runs(rich_results=self._settings.rich_results)

    @property
    def settings(self) -> Settings:
        """Raises InternalError, which names the setting that is missing or wrong."""
        if self._misset is not None:
            raise self._misset
        return self._settings

    def answer(self, operation_id: str, request: func.HttpRequest) -> func.HttpResponse:
        """The response to a request for the operation, whatever happens."""
        started = time.monotonic()
        serving = self
        request_id = str(uuid.uuid4())
        try:
            if operation_id != "GetHealth":
                _ = self.settings
                serving = self._for_caller_of(operation_id, request)
            response = _OPERATIONS[operation_id](serving, request)
        except Exception as failure:
            _log(operation_id, request_id, failure)
            answer = to_answer(failure, request_id)
            response = func.HttpResponse(answer.body, status_code=answer.status, headers=answer.headers)
        response.headers["x-ms-request-id"] = request_id
        caller = None if serving._misset else serving.sessions.caller
        logger.info(
            "%s %d in %d ms (request %s%s%s)",
            operation_id,
            response.status_code,
            (time.monotonic() - started) * 1000,
            request_id,
            f", caller {caller}" if caller else "",
            f", {code}" if (code := response.headers.get("x-ms-error-code")) else "",
        )
        return response

    def for_caller(self, caller: str | None) -> "Connector":
        """This connector, with the caller's own sessions."""
        scoped = copy.copy(self)
        scoped.sessions = replace(self.sessions, caller=caller)
        return scoped

    def _for_caller_of(self, operation_id: str, request: func.HttpRequest) -> "Connector":
        """Raises Unauthorized, CallerNotAllowed and SignInUnavailable, where callers must sign in.

        An address with a token has the caller in that.
        """
        if operation_id in _PURPOSES and self.tokens is not None:
            token = self.tokens.open(_PURPOSES[operation_id], request.route_params.get("token", ""))
            return self if token is None else self.for_caller(token["caller"])
        if self._sign_in is None or self.contract.operations[operation_id].is_anonymous:
            return self
        # Not X-MS-CLIENT-PRINCIPAL...: where nothing in front of the app sets these headers, a caller can.
        return self.for_caller(self._sign_in.caller(request.headers.get("authorization")))


def _entra(settings: Settings) -> "tuple[EntraSignIn | None, EntraId | None]":
    """What looks at tokens, and what the documents say of them; nothing where callers bring function keys."""
    tenant_id, audiences, allowed = settings.entra_tenant_id, settings.entra_audiences, settings.entra_allowed_callers
    if settings.connector_auth != "entra":
        return None, None
    if tenant_id is None or audiences is None or allowed is None:
        raise InternalError("The connector is not set up for Entra ID.")  # never without a check
    # Its library takes a noticeable part of a cold start to import, and function keys need none of it.
    from .callers.entra import EntraSignIn

    authority = settings.azure_authority_host
    return EntraSignIn(authority, tenant_id, audiences, allowed), EntraId(authority, tenant_id)


def _log(operation_id: str, request_id: str, failure: Exception) -> None:
    """A fault of ours with its stack; of a fault of the pool, what the caller is not told. Session ids are secrets."""
    if not isinstance(failure, ConnectorError):
        logger.exception("%s failed (request %s)", operation_id, request_id)
    elif failure.__cause__ is not None:
        cause = re.sub(r"identifier=[^&\s'\")]*", "identifier=...", repr(failure.__cause__))
        logger.warning("%s failed (request %s): %s", operation_id, request_id, cause)


def _execute_python_code(connector: Connector, request: func.HttpRequest) -> func.HttpResponse:
    operation = connector.contract.operations["ExecutePythonCode"]
    received.parameters(operation, request)
    sent, applied = received.with_preferences(received.json_body(request), request.headers)
    arguments = {
        "wait_in_seconds": connector.settings.caller_wait_seconds,
        **received.arguments(operation.checked_body(sent)),
    }
    execution = executions.execute_python_code(connector.sessions, connector.runs, **arguments)
    content = arguments.get("include_content", "auto")
    response = _execution_response(connector, request, "/executions", execution, content)
    if applied:
        response.headers["Preference-Applied"] = applied
    return response


def _get_execution(connector: Connector, request: func.HttpRequest) -> func.HttpResponse:
    arguments = received.parameters(connector.contract.operations["GetExecution"], request)
    execution = executions.get_execution(connector.sessions, connector.runs, **arguments)
    return _execution_response(connector, request, "/executions", execution, arguments.get("include_content", "auto"))


def _cancel_execution(connector: Connector, request: func.HttpRequest) -> func.HttpResponse:
    arguments = received.parameters(connector.contract.operations["CancelExecution"], request)
    execution = executions.cancel_execution(connector.sessions, connector.runs, **arguments)
    return _execution_response(connector, request, "/executions", execution, arguments.get("include_content", "auto"))


def _poll_execution(connector: Connector, request: func.HttpRequest) -> func.HttpResponse:
    arguments = received.parameters(connector.contract.operations["PollExecution"], request)
    asked = connector.tokens.open(_POLL, arguments["token"]) if connector.tokens else None
    if asked is None:
        raise ExecutionNotFound(
            "This address leads to no run: it is not one that the connector gave, or its time is over. Read the run "
            "with GetExecution, by its execution ID and session ID.",
            target="token",
        )
    execution = executions.get_execution(
        connector.sessions,
        connector.runs,
        session_id=asked["sessionId"],
        execution_id=asked["executionId"],
        include_content=asked["includeContent"],
    )
    return _execution_response(connector, request, "/polls", execution, asked["includeContent"])


def _upload_file(connector: Connector, request: func.HttpRequest) -> func.HttpResponse:
    operation = connector.contract.operations["UploadFile"]
    received.parameters(operation, request)
    if received.comes_in_parts(request):
        raise InvalidRequest(
            "This operation takes files in JSON, and no file in parts. Turn off 'Allow chunking' in the action's "
            "settings, or send a large file with PutFile.",
            target="x-ms-transfer-mode",
        )
    if received.media_type(request) == "multipart/form-data":
        return answers.json_response(
            files.upload_contents(connector.sessions, connector.runs, **received.form(operation, request))
        )
    body = received.arguments(operation.checked_body(received.json_body(request, "multipart/form-data")))
    body["files"] = [received.arguments(file) for file in body["files"]]
    return answers.json_response(files.upload_file(connector.sessions, connector.runs, **body))


def _put_file(connector: Connector, request: func.HttpRequest) -> func.HttpResponse:
    arguments = received.parameters(connector.contract.operations["PutFile"], request)
    if received.comes_in_parts(request):
        return _begin_upload(connector, request, arguments)
    return answers.json_response(
        files.put_file(connector.sessions, connector.runs, content=received.whole_body(request), **arguments)
    )


def _begin_upload(connector: Connector, request: func.HttpRequest, arguments: dict[str, Any]) -> func.HttpResponse:
    """The first step in which Azure Logic Apps sends a large file; the others have an address of their own."""
    if connector.tokens is None:
        raise InternalError(
            "The connector is not set up for files in parts: the setting SIGNING_KEY is missing. Set it to a secret of "
            "at least 32 characters, the same on all instances; or turn off 'Allow chunking' in the action's settings."
        )
    if received.whole_body(request):
        raise InvalidRequest(
            "A request that begins an upload in parts has no body: the parts follow, to the address in Location.",
            target="x-ms-transfer-mode",
        )
    size = announced_length(request.headers.get("x-ms-content-length", ""))
    session, upload, progress = uploads.begin_upload(connector.sessions, connector.runs, size=size, **arguments)
    members = {**upload.to_json(), "session_id": session.id, "caller": connector.sessions.caller}
    token = connector.tokens.seal(_UPLOAD, members, lifetime_seconds=uploads.LIFETIME_SECONDS)
    response = _progress_response(progress)
    response.headers["Location"] = f"{answers.base_url(connector.settings, request, '/files/')}/uploads/{token}"
    return response


def _patch_upload(connector: Connector, request: func.HttpRequest) -> func.HttpResponse:
    session, upload = _upload(connector, "PatchUpload", request)
    content = received.whole_body(request)
    first = sent_range(request.headers.get("content-range", ""), len(content), upload.size)
    return _progress_response(uploads.put_part(session, connector.runs, upload, first=first, content=content))


def _get_upload(connector: Connector, request: func.HttpRequest) -> func.HttpResponse:
    return _progress_response(uploads.get_upload(*_upload(connector, "GetUpload", request)))


def _cancel_upload(connector: Connector, request: func.HttpRequest) -> func.HttpResponse:
    uploads.cancel_upload(*_upload(connector, "CancelUpload", request))
    return func.HttpResponse(status_code=204)


def _upload(connector: Connector, operation_id: str, request: func.HttpRequest) -> tuple[SessionClient, Upload]:
    """What the address stands for, and the pool as whoever began the upload may use it."""
    try:
        token = received.parameters(connector.contract.operations[operation_id], request)["token"]
    except InvalidRequest as wrong:
        if wrong.target != "token":
            raise
        token = ""  # another form of an address that leads nowhere
    members = connector.tokens.open(_UPLOAD, token) if connector.tokens else None
    if members is None:
        raise UploadNotFound(
            "This address leads to no upload: it is not one of this connector's, or its time is over. Begin the upload "
            "again with PutFile."
        )
    return connector.sessions.session(members["session_id"]), Upload.from_json(members)


def _progress_response(progress: Progress) -> func.HttpResponse:
    headers = {**uploads.received_range(progress.received), "x-ms-chunk-size": str(uploads.PART_BYTES)}
    return answers.json_response(progress.files, headers=headers)


def _download_file(connector: Connector, request: func.HttpRequest) -> func.HttpResponse:
    session, path = _file(connector, "DownloadFile", request)
    file = files.download_file_headers(session, path)
    if is_unchanged(request.headers, file):
        return answers.unchanged_response(file)
    part = asked_range(request.headers, file, files.LARGEST_MESSAGE)
    if part is None:
        return answers.file_response(files.download_file(session, connector.runs, path, found=file))
    first, last = part
    content = download_range(session, connector.runs, path, file, first=first, last=last)
    return answers.file_response(replace(file, content=content), first)


def _download_file_headers(connector: Connector, request: func.HttpRequest) -> func.HttpResponse:
    session, path = _file(connector, "DownloadFileHeaders", request)
    file = files.download_file_headers(session, path)
    return answers.unchanged_response(file) if is_unchanged(request.headers, file) else answers.file_response(file)


def _get_file(connector: Connector, request: func.HttpRequest) -> func.HttpResponse:
    session, path = _file(connector, "GetFile", request)
    return answers.json_response(files.get_file(session, connector.runs, path))


def _delete_file(connector: Connector, request: func.HttpRequest) -> func.HttpResponse:
    session, path = _file(connector, "DeleteFile", request)
    files.delete_file(session, connector.runs, path)
    return func.HttpResponse(status_code=204)


def _file(connector: Connector, operation_id: str, request: func.HttpRequest) -> tuple[SessionClient, FilePath]:
    arguments = received.parameters(connector.contract.operations[operation_id], request)
    path = checked_path(arguments["file_name"], arguments.get("folder", ""))
    return connector.sessions.session(arguments["session_id"]), path


def _list_files(connector: Connector, request: func.HttpRequest) -> func.HttpResponse:
    arguments = received.parameters(connector.contract.operations["ListFiles"], request)
    session = connector.sessions.session(arguments.pop("session_id"))
    folder = checked_folder(arguments.pop("folder", ""))
    return answers.json_response(files.list_files(session, folder=folder, **arguments))


def _check_connection(connector: Connector, request: func.HttpRequest) -> func.HttpResponse:
    received.parameters(connector.contract.operations["CheckConnection"], request)
    return answers.json_response(connection.check_connection(connector.sessions.pool, connector.settings))


def _get_health(connector: Connector, request: func.HttpRequest) -> func.HttpResponse:
    """Says nothing of the settings or the pool: an instance that cannot reach the pool would only be replaced."""
    return answers.json_response({"status": "Healthy"})


def _get_openapi_document(connector: Connector, request: func.HttpRequest) -> func.HttpResponse:
    return answers.json_response(
        connector.documents.agents(answers.base_url(connector.settings, request, "/openapi.json"))
    )


def _get_swagger_document(connector: Connector, request: func.HttpRequest) -> func.HttpResponse:
    return answers.json_response(
        connector.documents.makers(answers.base_url(connector.settings, request, "/swagger.json"))
    )


def _with_parameters(operation_id: str, operation: Callable[..., Any]) -> "_Answer":
    """For operations that take parameters alone, and answer with a shape, or with 204 where there is nothing to say."""

    def answer(connector: Connector, request: func.HttpRequest) -> func.HttpResponse:
        arguments = received.parameters(connector.contract.operations[operation_id], request)
        result = operation(connector.sessions.session(arguments.pop("session_id")), **arguments)
        return func.HttpResponse(status_code=204) if result is None else answers.json_response(result)

    return answer


_Answer = Callable[[Connector, func.HttpRequest], func.HttpResponse]

_OPERATIONS: dict[str, _Answer] = {
    "ExecutePythonCode": _execute_python_code,
    "GetExecution": _get_execution,
    "CancelExecution": _cancel_execution,
    "PollExecution": _poll_execution,
    "UploadFile": _upload_file,
    "PutFile": _put_file,
    "ListFiles": _list_files,
    "GetFile": _get_file,
    "DownloadFile": _download_file,
    "DownloadFileHeaders": _download_file_headers,
    "PatchUpload": _patch_upload,
    "GetUpload": _get_upload,
    "CancelUpload": _cancel_upload,
    "DeleteFile": _delete_file,
    "GetSession": _with_parameters("GetSession", sessions.get_session),
    "EndSession": _with_parameters("EndSession", sessions.end_session),
    "CheckConnection": _check_connection,
    "GetHealth": _get_health,
    "GetOpenApiDocument": _get_openapi_document,
    "GetSwaggerDocument": _get_swagger_document,
}


def _execution_response(
    connector: Connector, request: func.HttpRequest, route: str, execution: Execution, include_content: str
) -> func.HttpResponse:
    """A run that goes on is a 202 whose Location is where to ask again, without a key where there is one to sign with.

    `route` is that of the request.
    """
    if execution.status != "Running":
        return answers.json_response(execution)
    address = answers.base_url(connector.settings, request, route)
    if connector.tokens is None:
        location = f"{address}/executions/{execution.execution_id}?sessionId={execution.session_id}"
    else:
        asked = {
            "sessionId": execution.session_id,
            "executionId": execution.execution_id,
            "includeContent": include_content,
            "caller": connector.sessions.caller,
        }
        token = connector.tokens.seal(_POLL, asked, lifetime_seconds=_POLL_LIFETIME_SECONDS)
        location = f"{address}/polls/{token}"
    pause = min(max(execution.duration_in_milliseconds // 10_000, _SHORTEST_PAUSE_SECONDS), _LONGEST_PAUSE_SECONDS)
    return answers.json_response(execution, 202, {"Retry-After": str(pause), "Location": location})

"""The HTTP edge: an azure.functions request in, an operation in the middle, an azure.functions response out.

One wrapper around every function: nothing raises to the host, which would answer an exception with an empty 500.
"""

import contextlib
import copy
import json
import logging
import os
import re
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

import azure.functions as func

from .contract import Contract, Operation
from .credentials import PoolCredential
from .documents import Documents
from .documents.sign_in import EntraId
from .errors import (
    ConnectorError,
    ExecutionNotFound,
    InternalError,
    InvalidRequest,
    LengthRequired,
    RequestTooLarge,
    UnsupportedMediaType,
    UploadNotFound,
    to_answer,
)
from .operations import connection, executions, files, sessions, uploads
from .operations.calls import Runs
from .operations.file_parts import download_part
from .operations.uploads import Progress, Upload
from .ranges import announced_length, asked_range, http_date, is_unchanged, sent_range
from .session_pool import SessionPoolClient
from .settings import LONGEST_WAIT_SECONDS, Settings, signs_in_with_entra
from .shapes import Execution, FileBytes, snake_case, to_wire
from .tokens import Tokens

if TYPE_CHECKING:
    from .entra import EntraSignIn

MAX_BODY_BYTES = files.LARGEST_MESSAGE
"""Less than the Functions host lets in (104,857,600), so that its bare 413 is rarely seen."""

_POLL, _UPLOAD = "poll", "upload"
_PURPOSES = {"PollExecution": _POLL, "PatchUpload": _UPLOAD, "GetUpload": _UPLOAD, "CancelUpload": _UPLOAD}
"""What the token in an operation's address is for."""

_SHORTEST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS = 2, 20
"""Between the polls of a run: a tenth of the time that it has taken."""

_POLL_LIFETIME_SECONDS = 24 * 3600.0
_WAIT = re.compile(r"respond-async|wait=([0-9]{1,9})")

logger = logging.getLogger(__name__)


class Connector:
    """What the functions of one app share. Made at import, so it does not fail: what is wrong is told by each call."""

    def __init__(self, environment: Mapping[str, str] = os.environ) -> None:
        self.auth_level = func.AuthLevel.ANONYMOUS if signs_in_with_entra(environment) else func.AuthLevel.FUNCTION
        """What the host asks callers for: a function key, or nothing where the connector itself asks for a token."""

        self.caller: str | None = None
        """Whose sessions these are. With function keys all callers are one party, None."""

        self._misset: InternalError | None = None
        try:
            self._settings = Settings.from_environment(environment)
        except InternalError as failure:
            self._misset = failure
            return
        self.contract = Contract(max_code_characters=self._settings.max_code_characters)
        self._sign_in, entra = _entra(self._settings)
        self.documents = Documents(self.contract.document, entra)
        self.pool = SessionPoolClient(
            self._settings.pool_management_endpoint,
            PoolCredential(self._settings.pool_credential, self._settings.azure_client_id),
            api_version=self._settings.pool_api_version,
            connections=self._settings.python_threadpool_thread_count,
        )
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
        logger.info(
            "%s %d in %d ms (request %s%s%s)",
            operation_id,
            response.status_code,
            (time.monotonic() - started) * 1000,
            request_id,
            f", caller {serving.caller}" if serving.caller else "",
            f", {code}" if (code := response.headers.get("x-ms-error-code")) else "",
        )
        return response

    def for_caller(self, caller: str | None) -> "Connector":
        """This connector, with the caller's own sessions."""
        scoped = copy.copy(self)
        scoped.caller, scoped.pool = caller, self.pool.for_caller(caller)
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
    from .entra import EntraSignIn

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
    _parameters(operation, request)
    sent, applied = _with_headers(_json_body(request), request.headers)
    arguments = {"wait_in_seconds": connector.settings.caller_wait_seconds, **_arguments(operation.checked_body(sent))}
    execution = executions.execute_python_code(connector.pool, connector.runs, **arguments)
    content = arguments.get("include_content", "auto")
    response = _execution_response(connector, request, "/executions", execution, content)
    if applied:
        response.headers["Preference-Applied"] = applied
    return response


def _with_headers(sent: Any, headers: Mapping[str, str]) -> tuple[Any, str]:
    """The body, with what headers say that it does not; and the preference (RFC 7240) that is followed, if any."""
    if not isinstance(sent, dict):
        return sent, ""
    said: dict[str, Any] = {}
    applied = ""
    if key := headers.get("idempotency-key"):
        said["idempotencyKey"] = key
    preferences = headers.get("prefer", "").lower().replace(" ", "").replace(";", ",").split(",")
    for preference in sorted(preferences, key=lambda text: text == "respond-async"):  # `wait` says when that is
        wait = _WAIT.fullmatch(preference)
        if wait is not None and not applied:
            seconds = min(int(wait[1]), LONGEST_WAIT_SECONDS) if wait[1] else 0
            said["waitInSeconds"], applied = seconds, preference
    followed = {name: value for name, value in said.items() if sent.get(name) in (None, "")}
    return {**sent, **followed}, applied if "waitInSeconds" in followed else ""


def _get_execution(connector: Connector, request: func.HttpRequest) -> func.HttpResponse:
    arguments = _parameters(connector.contract.operations["GetExecution"], request)
    execution = executions.get_execution(connector.pool, **arguments)
    return _execution_response(connector, request, "/executions", execution, arguments.get("include_content", "auto"))


def _cancel_execution(connector: Connector, request: func.HttpRequest) -> func.HttpResponse:
    arguments = _parameters(connector.contract.operations["CancelExecution"], request)
    execution = executions.cancel_execution(connector.pool, **arguments)
    return _execution_response(connector, request, "/executions", execution, arguments.get("include_content", "auto"))


def _poll_execution(connector: Connector, request: func.HttpRequest) -> func.HttpResponse:
    arguments = _parameters(connector.contract.operations["PollExecution"], request)
    asked = connector.tokens.open(_POLL, arguments["token"]) if connector.tokens else None
    if asked is None:
        raise ExecutionNotFound(
            "This address leads to no run: it is not one that the connector gave, or its time is over. Read the run "
            "with GetExecution, by its execution ID and session ID.",
            target="token",
        )
    execution = executions.get_execution(
        connector.pool,
        session_id=asked["sessionId"],
        execution_id=asked["executionId"],
        include_content=asked["includeContent"],
    )
    return _execution_response(connector, request, "/polls", execution, asked["includeContent"])


def _upload_file(connector: Connector, request: func.HttpRequest) -> func.HttpResponse:
    operation = connector.contract.operations["UploadFile"]
    _parameters(operation, request)
    if _comes_in_parts(request):
        raise InvalidRequest(
            "This operation takes files in JSON, and no file in parts. Turn off 'Allow chunking' in the action's "
            "settings, or send a large file with PutFile.",
            target="x-ms-transfer-mode",
        )
    if _media_type(request) == "multipart/form-data":
        return _json_response(files.upload_contents(connector.pool, connector.runs, **_form(operation, request)))
    body = _arguments(operation.checked_body(_json_body(request, "multipart/form-data")))
    body["files"] = [_arguments(file) for file in body["files"]]
    return _json_response(files.upload_file(connector.pool, connector.runs, **body))


def _put_file(connector: Connector, request: func.HttpRequest) -> func.HttpResponse:
    arguments = _parameters(connector.contract.operations["PutFile"], request)
    if _comes_in_parts(request):
        return _begin_upload(connector, request, arguments)
    return _json_response(files.put_file(connector.pool, connector.runs, content=_body(request), **arguments))


def _comes_in_parts(request: func.HttpRequest) -> bool:
    """Raises InvalidRequest for a way to send files that is not known: its first request may have no bytes."""
    mode = str(request.headers.get("x-ms-transfer-mode", "")).strip()
    if mode and mode.lower() != "chunked":
        raise InvalidRequest("x-ms-transfer-mode must be chunked, or not be there.", target="x-ms-transfer-mode")
    return bool(mode)


def _begin_upload(connector: Connector, request: func.HttpRequest, arguments: dict[str, Any]) -> func.HttpResponse:
    """The first step in which Azure Logic Apps sends a large file; the others have an address of their own."""
    if connector.tokens is None:
        raise InternalError(
            "The connector is not set up for files in parts: the setting SIGNING_KEY is missing. Set it to a secret of "
            "at least 32 characters, the same on all instances; or turn off 'Allow chunking' in the action's settings."
        )
    if _body(request):
        raise InvalidRequest(
            "A request that begins an upload in parts has no body: the parts follow, to the address in Location.",
            target="x-ms-transfer-mode",
        )
    size = announced_length(request.headers.get("x-ms-content-length", ""))
    upload, progress = uploads.begin_upload(connector.pool, connector.runs, size=size, **arguments)
    members = replace(upload, caller=connector.caller).to_json()
    token = connector.tokens.seal(_UPLOAD, members, lifetime_seconds=uploads.LIFETIME_SECONDS)
    response = _progress_response(progress)
    response.headers["Location"] = f"{_base_url(connector.settings, request, '/files/')}/uploads/{token}"
    return response


def _patch_upload(connector: Connector, request: func.HttpRequest) -> func.HttpResponse:
    pool, upload = _upload(connector, "PatchUpload", request)
    content = _body(request)
    first = sent_range(request.headers.get("content-range", ""), len(content), upload.size)
    return _progress_response(uploads.put_part(pool, connector.runs, upload, first=first, content=content))


def _get_upload(connector: Connector, request: func.HttpRequest) -> func.HttpResponse:
    return _progress_response(uploads.get_upload(*_upload(connector, "GetUpload", request)))


def _cancel_upload(connector: Connector, request: func.HttpRequest) -> func.HttpResponse:
    uploads.cancel_upload(*_upload(connector, "CancelUpload", request))
    return func.HttpResponse(status_code=204)


def _upload(connector: Connector, operation_id: str, request: func.HttpRequest) -> tuple[SessionPoolClient, Upload]:
    """What the address stands for, and the pool as whoever began the upload may use it."""
    try:
        token = _parameters(connector.contract.operations[operation_id], request)["token"]
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
    upload = Upload(**members)
    return connector.pool, upload


def _progress_response(progress: Progress) -> func.HttpResponse:
    headers = {**uploads.received_range(progress.received), "x-ms-chunk-size": str(uploads.PART_BYTES)}
    return _json_response(progress.files, headers=headers)


def _download_file(connector: Connector, request: func.HttpRequest) -> func.HttpResponse:
    arguments = _parameters(connector.contract.operations["DownloadFile"], request)
    file = files.download_file_headers(connector.pool, **arguments)
    if is_unchanged(request.headers, file):
        return _unchanged_response(file)
    part = asked_range(request.headers, file, files.LARGEST_MESSAGE)
    if part is None:
        return _file_response(files.download_file(connector.pool, connector.runs, found=file, **arguments))
    first, last = part
    content = download_part(connector.pool, connector.runs, file=file, first=first, last=last, **arguments)
    return _file_response(replace(file, content=content), first)


def _download_file_headers(connector: Connector, request: func.HttpRequest) -> func.HttpResponse:
    arguments = _parameters(connector.contract.operations["DownloadFileHeaders"], request)
    file = files.download_file_headers(connector.pool, **arguments)
    return _unchanged_response(file) if is_unchanged(request.headers, file) else _file_response(file)


def _get_file(connector: Connector, request: func.HttpRequest) -> func.HttpResponse:
    arguments = _parameters(connector.contract.operations["GetFile"], request)
    return _json_response(files.get_file(connector.pool, connector.runs, **arguments))


def _delete_file(connector: Connector, request: func.HttpRequest) -> func.HttpResponse:
    arguments = _parameters(connector.contract.operations["DeleteFile"], request)
    files.delete_file(connector.pool, connector.runs, **arguments)
    return func.HttpResponse(status_code=204)


def _check_connection(connector: Connector, request: func.HttpRequest) -> func.HttpResponse:
    _parameters(connector.contract.operations["CheckConnection"], request)
    return _json_response(connection.check_connection(connector.pool, connector.settings))


def _get_health(connector: Connector, request: func.HttpRequest) -> func.HttpResponse:
    """Says nothing of the settings or the pool: an instance that cannot reach the pool would only be replaced."""
    return _json_response({"status": "Healthy"})


def _get_openapi_document(connector: Connector, request: func.HttpRequest) -> func.HttpResponse:
    return _json_response(connector.documents.agents(_base_url(connector.settings, request, "/openapi.json")))


def _get_swagger_document(connector: Connector, request: func.HttpRequest) -> func.HttpResponse:
    return _json_response(connector.documents.makers(_base_url(connector.settings, request, "/swagger.json")))


def _with_parameters(operation_id: str, operation: Callable[..., Any]) -> "_Answer":
    """For operations that take parameters alone, and answer with a shape, or with 204 where there is nothing to say."""

    def answer(connector: Connector, request: func.HttpRequest) -> func.HttpResponse:
        arguments = _parameters(connector.contract.operations[operation_id], request)
        result = operation(connector.pool, **arguments)
        return func.HttpResponse(status_code=204) if result is None else _json_response(result)

    return answer


_Answer = Callable[[Connector, func.HttpRequest], func.HttpResponse]

_OPERATIONS: dict[str, _Answer] = {
    "ExecutePythonCode": _execute_python_code,
    "GetExecution": _get_execution,
    "CancelExecution": _cancel_execution,
    "PollExecution": _poll_execution,
    "UploadFile": _upload_file,
    "PutFile": _put_file,
    "ListFiles": _with_parameters("ListFiles", files.list_files),
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


def _parameters(operation: Operation, request: func.HttpRequest) -> dict[str, Any]:
    # The host decodes everything in a route's values but the slash.
    route = {name: re.sub("%2f", "/", value, flags=re.IGNORECASE) for name, value in request.route_params.items()}
    return _arguments(operation.checked_parameters(route, dict(request.params)))


def _arguments(members: dict[str, Any]) -> dict[str, Any]:
    return {snake_case(name): value for name, value in members.items()}


def _media_type(request: func.HttpRequest) -> str:
    return str(request.headers.get("content-type", "")).partition(";")[0].strip().lower()


def _json_body(request: func.HttpRequest, *also: str) -> Any:
    """The body as JSON. Bodies without the right Content-Type are refused: a web page can send those unasked."""
    if _media_type(request) != "application/json":
        takes = " or ".join(("application/json", *also))
        raise UnsupportedMediaType(
            f"The body must come with the header Content-Type: {takes}, and came with "
            f"'{request.headers.get('content-type', '')[:100]}'.",
            target="Content-Type",
        )
    body = _body(request)
    if not body.strip():
        raise InvalidRequest("The body is empty. Send a JSON object.")
    try:
        return json.loads(body, object_pairs_hook=_members)
    except RecursionError:
        raise InvalidRequest("The body is nested too deeply.") from None
    except UnicodeDecodeError:
        raise InvalidRequest("The body is not text in UTF-8. Encode it as UTF-8.") from None
    except json.JSONDecodeError as wrong:
        raise InvalidRequest(
            f"The body is not JSON: {wrong.msg} at line {wrong.lineno}, column {wrong.colno}. In a workflow, let an "
            "expression quote text instead of typing the quotes."
        ) from None
    except ValueError:  # Python reads no number of thousands of digits
        raise InvalidRequest("The body has a number that is too long.") from None


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object. Of two members of one name the last would win unseen."""
    members = dict(pairs)
    if len(members) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise InvalidRequest(f"The member {twice[:60]} stands twice in one object. Send it once.", target=twice[:60])
    return members


def _body(request: func.HttpRequest) -> bytes:
    body = request.get_body()
    if not body and "transfer-encoding" in request.headers:
        raise LengthRequired(
            "The body came in chunks without a length, and the Functions host does not pass such a body on. Send it "
            "with a Content-Length."
        )
    if len(body) > MAX_BODY_BYTES:
        raise RequestTooLarge(
            f"The body has {len(body):,} bytes, and {MAX_BODY_BYTES:,} is the most. Send fewer files at a time; base64 "
            "makes a file a third longer, multipart/form-data or PUT does not. PutFile takes a larger file in parts."
        )
    return body


def _form(operation: Operation, request: func.HttpRequest) -> dict[str, Any]:
    """The fields and files of a multipart body, as `upload_contents` takes them."""
    body = _body(request)
    try:
        parts = [(name or "", part) for name in request.files for part in request.files.getlist(name)]
        fields = {name or "": request.form.getlist(name) for name in request.form}
    except ValueError:
        parts, fields = [], {}
    if body and not parts and not fields:
        raise InvalidRequest(
            "The body is not multipart/form-data as its Content-Type says, or has no part: look at the boundary, and "
            "name the parts."
        )
    contents = []
    for _, part in parts:
        with contextlib.closing(part):
            # Some clients send a path as the name of a part.
            contents.append(((part.filename or "").rsplit("/", 1)[-1], part.read()))
    if "file" in fields:
        raise InvalidRequest("A part named file has no file name. Give it one: filename=...", target="file")
    for name, values in fields.items():
        if len(values) > 1:
            raise InvalidRequest(f"The field {name[:60]} came {len(values)} times. Send it once.", target=name[:60])
    files_sent = {name: [part.filename or "" for named, part in parts if named == name] for name, _ in parts}
    sent: dict[str, Any] = {name: values[0] for name, values in fields.items()}
    members = operation.checked_body({**sent, **files_sent}, "multipart/form-data")
    del members["file"]
    return {**_arguments(members), "contents": contents}


def _json_response(value: Any, status: int = 200, headers: dict[str, str] | None = None) -> func.HttpResponse:
    body = json.dumps(to_wire(value)).encode()
    return func.HttpResponse(body, status_code=status, headers=headers, mimetype="application/json")


def _execution_response(
    connector: Connector, request: func.HttpRequest, route: str, execution: Execution, include_content: str
) -> func.HttpResponse:
    """A run that goes on is a 202 whose Location is where to ask again, without a key where there is one to sign with.

    `route` is that of the request.
    """
    if execution.status != "Running":
        return _json_response(execution)
    address = _base_url(connector.settings, request, route)
    if connector.tokens is None:
        location = f"{address}/executions/{execution.execution_id}?sessionId={execution.session_id}"
    else:
        asked = {
            "sessionId": execution.session_id,
            "executionId": execution.execution_id,
            "includeContent": include_content,
            "caller": connector.caller,
        }
        token = connector.tokens.seal(_POLL, asked, lifetime_seconds=_POLL_LIFETIME_SECONDS)
        location = f"{address}/polls/{token}"
    pause = min(max(execution.duration_in_milliseconds // 10_000, _SHORTEST_PAUSE_SECONDS), _LONGEST_PAUSE_SECONDS)
    return _json_response(execution, 202, {"Retry-After": str(pause), "Location": location})


def _file_response(file: FileBytes, first: int | None = None) -> func.HttpResponse:
    """The file's bytes, or those of a part that begins with `first`; never shown as a page."""
    headers = {
        "Content-Type": file.content_type,  # as `mimetype`, a text would be said to be UTF-8, which nobody knows
        "Accept-Ranges": "bytes",
        "Content-Disposition": _attachment(file.file_name),
        "X-Content-Type-Options": "nosniff",
        **_version(file),
    }
    if file.content is None:
        headers["Content-Length"] = str(file.size)
        return func.HttpResponse(b"", headers=headers)
    if first is None:
        return func.HttpResponse(file.content, headers=headers)
    headers["Content-Range"] = f"bytes {first}-{first + len(file.content) - 1}/{file.size}"
    return func.HttpResponse(file.content, status_code=206, headers=headers)


def _unchanged_response(file: FileBytes) -> func.HttpResponse:
    return func.HttpResponse(status_code=304, headers=_version(file))


def _version(file: FileBytes) -> dict[str, str]:
    told = {"ETag": file.etag, "Last-Modified": http_date(file)}
    return {name: value for name, value in told.items() if value is not None}


def _attachment(name: str) -> str:
    """RFC 6266: a name in ASCII for old clients, in which a percent sign would be read in different ways."""
    plain = re.sub("[^ -~]|%", "_", name)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


def _base_url(settings: Settings, request: func.HttpRequest, route: str) -> str:
    """Where callers reach the operations. A Host header can be anyone's word: without an address, the path alone."""
    path = urlsplit(str(request.url)).path.rstrip("/")
    return (settings.public_base_url or "") + path[: path.lower().rfind(route)]

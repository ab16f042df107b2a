"""The app: what its functions share, and the one wrapper around all of them.

Nothing raises to the Functions host, which would respond to an exception with a 500 without a body. The adapters
of the operations are in `http`.
"""

import dataclasses
import os
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING

import azure.functions as func

from .bulkhead import Admission, Bulkhead
from .callers.signed_tokens import Tokens
from .contract.documents import Documents
from .contract.sign_in import EntraId, scope_of
from .contract.validation import Contract
from .errors import InternalError, error_body, to_response
from .http.context import Context
from .http.operations import (
    CHALLENGES,
    ERROR_BODIES,
    OPERATIONS,
    OPERATIONS_WITHOUT_SETTINGS,
    PLAYGROUND,
    TOKEN_PURPOSES,
    UNRECORDED,
)
from .http.playground import PlaygroundContext
from .http.requests import signed_token
from .outbound.allowed_hosts import AllowedHosts
from .outbound.credentials import IdentityCredential
from .outbound.deadlines import Deadlines
from .outbound.file_urls import FileUrls
from .session_pool.client import AUDIENCE as POOL
from .session_pool.client import SessionPoolClient
from .session_pool.facts import PoolFacts
from .session_pool.pools import Pools
from .session_pool.sessions import CallerSessions
from .settings import Settings, serves_playground, signs_in_with_entra
from .storage.calls import AUDIENCE as STORAGE
from .storage.containers import Container
from .storage.storage import Storage
from .telemetry import events, open_telemetry
from .telemetry.activity import Activity, begun, note_caller
from .telemetry.correlation import Correlation
from .telemetry.library_logs import withhold_values

if TYPE_CHECKING:
    from .callers.entra import EntraSignIn

DEADLINES = Deadlines()
"""Of calls of the session pool and of storage."""


class Connector:
    """What the functions of one app share.

    Its construction never fails, because the host would then serve no function at all. Wrong settings are reported in
    response to each call.
    """

    def __init__(self, environment: Mapping[str, str] = os.environ) -> None:
        self.auth_level = func.AuthLevel.ANONYMOUS if signs_in_with_entra(environment) else func.AuthLevel.FUNCTION
        """What the host requires of callers: a function key, or nothing where the connector itself requires a token."""

        started = time.monotonic()
        withhold_values()
        open_telemetry.start(environment)
        self._shared: Context | InternalError
        self._bulkhead: Bulkhead | None = None
        try:
            settings = Settings.from_environment(environment)
            self._sign_in, entra = _entra(settings)
            self._shared = _context(settings, entra)
            self._bulkhead = Bulkhead(settings.python_threadpool_thread_count, settings.memory_for_files_mb * 1_000_000)
            events.started(
                pools=[pool.logged_name for pool in self._shared.sessions.pools],
                api_version=settings.pool_api_version,
                milliseconds=round((time.monotonic() - started) * 1000),
            )
        except InternalError as failure:
            self._shared = failure
            events.settings_refused(failure.message)
        self._playground = PlaygroundContext(
            is_on=serves_playground(environment),
            signs_in_with_entra=signs_in_with_entra(environment),
            settings=None if isinstance(self._shared, InternalError) else self._shared.settings,
        )

    def respond(
        self, operation_id: str, request: func.HttpRequest, host: func.Context | None = None
    ) -> func.HttpResponse:
        """The response to a request for the operation. Never raises. `host` is what the host knows about the call."""
        trace = getattr(host, "trace_context", None)
        correlation = Correlation.of(request.headers, getattr(trace, "trace_parent", None))
        with begun(Activity(operation_id, correlation)) as activity:
            raised = None
            try:
                response = self._response(operation_id, request)
            except Exception as failure:
                raised = failure
                error = to_response(failure, correlation.request_id, ERROR_BODIES.get(operation_id, error_body))
                response = func.HttpResponse(error.body, status_code=error.status, headers=error.headers)
            response.headers["x-ms-request-id"] = correlation.request_id
            if correlation.client_request_id is not None:
                response.headers["x-ms-client-request-id"] = correlation.client_request_id
            if operation_id not in UNRECORDED or raised is not None:
                activity.responded(
                    response.status_code,
                    response.headers.get("x-ms-error-code"),
                    bytes_in=len(request.get_body()),
                    bytes_out=len(response.get_body()),
                    failure=raised,
                )
        return response

    def _response(self, operation_id: str, request: func.HttpRequest) -> func.HttpResponse:
        """Raises ConnectorError, and anything if there is a bug."""
        if operation_id in OPERATIONS_WITHOUT_SETTINGS:
            return OPERATIONS_WITHOUT_SETTINGS[operation_id]()
        if operation_id in PLAYGROUND:
            return PLAYGROUND[operation_id](self._playground, request)
        with Admission(self._bulkhead, is_run=operation_id == "ExecutePythonCode") as admission:
            context = self._context_of(operation_id, request, admission)
            note_caller(context.sessions.caller)
            return OPERATIONS[operation_id](context, request)

    def _context_of(self, operation_id: str, request: func.HttpRequest, admission: Admission) -> Context:
        """The context of a request, with its caller's sessions.

        Raises InternalError for wrong settings, and Unauthorized, CallerNotAllowed and SignInUnavailable where callers
        must sign in. The token in a signed address contains the caller.
        """
        if isinstance(self._shared, InternalError):
            raise InternalError(self._shared.message)  # a new one: each raise adds to an exception's traceback
        deadline = DEADLINES.of_operation()
        sessions = dataclasses.replace(self._shared.sessions, deadline=deadline, admission=admission)
        storage = self._shared.storage.with_deadline(deadline).admitted_by(admission)
        context = dataclasses.replace(self._shared, sessions=sessions, storage=storage)
        if operation_id in TOKEN_PURPOSES and context.tokens is not None:
            address = context.tokens.open(TOKEN_PURPOSES[operation_id], signed_token(request))
            caller = None if address is None else address["caller"]
            return dataclasses.replace(context, address=address, sessions=_of_caller(context, caller))
        if self._sign_in is None or context.operation(operation_id).is_anonymous:
            return context
        # Not X-MS-CLIENT-PRINCIPAL: callers can send it themselves where nothing in front of the app sets it.
        metadata = CHALLENGES[operation_id](context, request) if operation_id in CHALLENGES else None
        caller = self._sign_in.caller(request.headers.get("authorization"), resource_metadata=metadata)
        return dataclasses.replace(context, sessions=_of_caller(context, caller))


def _context(settings: Settings, entra: EntraId | None) -> Context:
    """What all requests have in common."""
    contract = Contract(
        max_code_characters=settings.max_code_characters, caller_wait_seconds=settings.caller_wait_seconds
    )
    pools = Pools(
        *(
            SessionPoolClient(
                endpoint,
                # One for each pool: what a pool rejects, the others may still accept.
                IdentityCredential(POOL, settings.pool_credential, settings.azure_client_id),
                api_version=settings.pool_api_version,
                connections=settings.python_threadpool_thread_count,
                deadlines=DEADLINES,
            )
            for endpoint in settings.pool_management_endpoint
        )
    )
    return Context(
        settings,
        contract,
        Documents(contract.document, entra),
        CallerSessions(pools),
        PoolFacts(rich_results=settings.rich_results),
        Tokens(settings.signing_key, settings.signing_key_previous) if settings.signing_key else None,
        _storage(settings),
        FileUrls(
            AllowedHosts(settings.file_url_hosts or ()),
            connections=settings.python_threadpool_thread_count,
            deadlines=DEADLINES,
        ),
    )


def _storage(settings: Settings) -> Storage:
    """The containers of the settings. Their credential requests its first token when one of them is used."""
    credential = IdentityCredential(STORAGE, settings.pool_credential, settings.azure_client_id)

    def container(setting: str, url: str) -> Container:
        connections = settings.python_threadpool_thread_count
        return Container(url, credential, setting=setting, connections=connections, deadlines=DEADLINES)

    files, imports = settings.files_container_url, settings.import_container_urls or ()
    return Storage(
        None if files is None else container("FILES_CONTAINER_URL", files),
        tuple(container("IMPORT_CONTAINER_URLS", url) for url in imports),
    )


def _of_caller(context: Context, caller: str | None) -> CallerSessions:
    return dataclasses.replace(context.sessions, caller=caller)


def _entra(settings: Settings) -> "tuple[EntraSignIn | None, EntraId | None]":
    """What checks tokens, and what the documents state about them. None if callers authenticate with function keys."""
    tenant_id, audiences, allowed = settings.entra_tenant_id, settings.entra_audiences, settings.entra_allowed_callers
    if settings.connector_auth != "entra":
        return None, None
    if tenant_id is None or audiences is None or allowed is None:
        raise InternalError("The settings of Entra ID are missing. Set them.")  # `Settings` requires them
    # Importing its library takes a noticeable part of a cold start, and function keys do not need it.
    from .callers.entra import EntraSignIn

    authority = settings.azure_authority_host
    return EntraSignIn(authority, tenant_id, audiences, allowed), EntraId(authority, tenant_id, scope_of(audiences))

"""ImportFile, ExportFile, PollTransfer and CancelTransfer, and the responses of all operations that begin transfers."""

import contextlib
from typing import Any

import azure.functions as func

from ..callers.signed_tokens import require_tokens
from ..errors import ConnectorError, InvalidRequest
from ..models import TransferProgress
from ..transfers import exports, imports
from ..transfers.transfer import LIFETIME_SECONDS, Reach, Transfer, transfer_not_found
from . import chat_files, requests, responses
from .context import Context
from .transfer_kinds import from_address, shown_result, to_address

TRANSFER = "transfer"
"""The purpose of the token in a transfer's address."""

_LONGEST_POLL_SECONDS = 60

_WAIT_WITHOUT_POLLS_SECONDS = 90
_PAUSE_SECONDS = 1
"""Between polls. A transfer moves only inside them."""

_LONGEST_TOKEN = 7_000
"""With the host, and the rest of its request line, an address has at most 8,192 characters. Source: Kestrel's
MaxRequestLineSize.
"""


def import_file(context: Context, request: func.HttpRequest) -> func.HttpResponse:
    operation = context.operation("ImportFile")
    requests.parameters(operation, request)
    body, names = chat_files.without_names(requests.json_body(operation, request, context.admission))
    arguments = requests.arguments(operation.checked_body(body))
    wait_seconds = caller_wait(context, arguments)
    begun = imports.begin_import(reach_of(context), names=names, **arguments)
    if isinstance(begun, imports.Import):
        return transfer_response(context, request, "/imports", begun, wait_seconds)
    return responses.json_response(begun)


def export_file(context: Context, request: func.HttpRequest) -> func.HttpResponse:
    operation = context.operation("ExportFile")
    requests.parameters(operation, request)
    arguments = requests.json_arguments(operation, request, context.admission)
    wait_seconds = caller_wait(context, arguments)
    begun = exports.begin_export(reach_of(context), **arguments)
    return transfer_response(context, request, "/exports", begun, wait_seconds)


def poll_transfer(context: Context, request: func.HttpRequest) -> func.HttpResponse:
    transfer, arguments = _polled(context, "PollTransfer", request)
    wait_seconds = min(caller_wait(context, arguments), _LONGEST_POLL_SECONDS)
    reach = reach_of(context)
    result = transfer.advance(reach, reach.until(wait_seconds))
    if isinstance(result, TransferProgress):
        return _progress_response(context, request, "/transfers", result, requests.signed_token(request))
    return _result_response(context, request, "/transfers", result)


def cancel_transfer(context: Context, request: func.HttpRequest) -> func.HttpResponse:
    transfer, _ = _polled(context, "CancelTransfer", request)
    transfer.cancel(reach_of(context))
    return responses.no_content_response()


def transfer_response(
    context: Context, request: func.HttpRequest, route: str, transfer: Transfer, wait_seconds: float
) -> func.HttpResponse:
    """The response to the request that begins a transfer: 200 with its result, or 202 with its progress, and a Location
    at which it is continued. `route` is the beginning of the request's own route.

    If the transfer fails, or cannot be continued because there is no SIGNING_KEY, nothing of it is left.
    """
    reach = reach_of(context)
    if context.tokens is None:
        wait_seconds = max(wait_seconds, _WAIT_WITHOUT_POLLS_SECONDS)
    try:
        result = transfer.advance(reach, reach.until(wait_seconds))
        if not isinstance(result, TransferProgress):
            return _result_response(context, request, route, result)
        return _progress_response(context, request, route, result, _token(context, transfer))
    except ConnectorError:
        with contextlib.suppress(ConnectorError):
            transfer.cancel(reach)
        raise


def caller_wait(context: Context, arguments: dict[str, Any]) -> float:
    """Removes `wait_in_seconds` from the arguments of an operation that begins a transfer, or returns the default."""
    seconds: float = arguments.pop("wait_in_seconds", context.settings.caller_wait_seconds)
    return seconds


def reach_of(context: Context) -> Reach:
    """What a transfer of the request's caller copies between. It takes the place of a run, whose callers wait, too. To
    be called before the first call of the pool.
    """
    context.admission.count_as_run()
    return Reach(context.sessions, context.facts, context.storage, context.file_urls)


def _polled(context: Context, operation_id: str, request: func.HttpRequest) -> tuple[Transfer, dict[str, Any]]:
    """The transfer, and the arguments of the request. Raises TransferNotFound, also for an address that another version
    of the connector has made.
    """
    arguments = requests.check_signed_url(context.operation(operation_id), request)
    if context.address is None:
        raise transfer_not_found()
    try:
        return from_address(context.address), arguments
    except (KeyError, TypeError, ValueError):
        raise transfer_not_found() from None


def _token(context: Context, transfer: Transfer) -> str:
    """Raises InternalError without a SIGNING_KEY, and InvalidRequest for a transfer that no URL can have."""
    tokens = require_tokens(context.tokens, "transfers that take longer than a request")
    address = {**to_address(transfer), "caller": context.sessions.caller}
    token = tokens.seal(TRANSFER, address, lifetime_seconds=LIFETIME_SECONDS)
    if len(token) > _LONGEST_TOKEN:
        raise InvalidRequest(
            "The file is too large for one request, and its address or name too long for the URL of another. Send a "
            "shorter one, or store the file in a container of IMPORT_CONTAINER_URLS."
        )
    return token


def _result_response(context: Context, request: func.HttpRequest, route: str, result: Any) -> func.HttpResponse:
    base = responses.base_url(context.settings, request, route)
    return responses.json_response(shown_result(context, base, result))


def _progress_response(
    context: Context, request: func.HttpRequest, route: str, progress: TransferProgress, token: str
) -> func.HttpResponse:
    location = f"{responses.base_url(context.settings, request, route)}/transfers?token={token}"
    # Logic Apps follows Location, and Azure's SDKs Operation-Location.
    headers = {"Retry-After": str(_PAUSE_SECONDS), "Location": location, "Operation-Location": location}
    return responses.json_response(progress, 202, headers)

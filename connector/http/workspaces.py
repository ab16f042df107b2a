"""SaveWorkspace, RestoreWorkspace, GetWorkspace and DeleteWorkspace."""

from collections.abc import Callable

import azure.functions as func

from ..transfers.transfer import Transfer
from ..workspaces import operations as workspaces
from . import requests, responses
from .context import Context
from .transfers import caller_wait, reach_of, transfer_response


def save_workspace(context: Context, request: func.HttpRequest) -> func.HttpResponse:
    return _begun(context, request, "SaveWorkspace", workspaces.save_workspace)


def restore_workspace(context: Context, request: func.HttpRequest) -> func.HttpResponse:
    return _begun(context, request, "RestoreWorkspace", workspaces.restore_workspace)


def _begun(
    context: Context, request: func.HttpRequest, operation_id: str, begin: Callable[..., Transfer]
) -> func.HttpResponse:
    """Calls `begin` with the arguments of the request."""
    operation = context.operation(operation_id)
    arguments = requests.parameters(operation, request)
    arguments |= requests.json_arguments(operation, request, context.admission)
    wait_seconds = caller_wait(context, arguments)
    transfer = begin(reach_of(context), **arguments)
    return transfer_response(context, request, "/workspaces", transfer, wait_seconds)


def get_workspace(context: Context, request: func.HttpRequest) -> func.HttpResponse:
    arguments = requests.parameters(context.operation("GetWorkspace"), request)
    return responses.json_response(workspaces.get_workspace(reach_of(context), **arguments))


def delete_workspace(context: Context, request: func.HttpRequest) -> func.HttpResponse:
    arguments = requests.parameters(context.operation("DeleteWorkspace"), request)
    workspaces.delete_workspace(reach_of(context), **arguments)
    return responses.no_content_response()

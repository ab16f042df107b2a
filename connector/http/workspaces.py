"""SaveWorkspace, RestoreWorkspace, GetWorkspace and DeleteWorkspace."""

import azure.functions as func

from ..workspaces import operations as workspaces
from . import requests, responses
from .context import Context
from .transfers import caller_wait, reach_of, transfer_response


def save_workspace(context: Context, request: func.HttpRequest) -> func.HttpResponse:
    operation = context.operation("SaveWorkspace")
    route = requests.parameters(operation, request)
    body = requests.json_arguments(operation, request, context.admission)
    wait_seconds = caller_wait(context, body)
    save = workspaces.save_workspace(reach_of(context), **route, **body)
    return transfer_response(context, request, "/workspaces", save, wait_seconds)


def restore_workspace(context: Context, request: func.HttpRequest) -> func.HttpResponse:
    operation = context.operation("RestoreWorkspace")
    route = requests.parameters(operation, request)
    body = requests.json_arguments(operation, request, context.admission)
    wait_seconds = caller_wait(context, body)
    restore = workspaces.restore_workspace(reach_of(context), **route, **body)
    return transfer_response(context, request, "/workspaces", restore, wait_seconds)


def get_workspace(context: Context, request: func.HttpRequest) -> func.HttpResponse:
    arguments = requests.parameters(context.operation("GetWorkspace"), request)
    return responses.json_response(workspaces.get_workspace(reach_of(context), **arguments))


def delete_workspace(context: Context, request: func.HttpRequest) -> func.HttpResponse:
    arguments = requests.parameters(context.operation("DeleteWorkspace"), request)
    workspaces.delete_workspace(reach_of(context), **arguments)
    return responses.no_content_response()

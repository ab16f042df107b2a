"""SaveWorkspace, RestoreWorkspace, GetWorkspace and DeleteWorkspace."""

import azure.functions as func

from .context import Context


def save_workspace(context: Context, request: func.HttpRequest) -> func.HttpResponse:
    raise NotImplementedError


def restore_workspace(context: Context, request: func.HttpRequest) -> func.HttpResponse:
    raise NotImplementedError


def get_workspace(context: Context, request: func.HttpRequest) -> func.HttpResponse:
    raise NotImplementedError


def delete_workspace(context: Context, request: func.HttpRequest) -> func.HttpResponse:
    raise NotImplementedError

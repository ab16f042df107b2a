"""ImportFile, ExportFile, PollTransfer and CancelTransfer."""

import azure.functions as func

from .context import Context

TRANSFER = "transfer"
"""The purpose of the token in a transfer's address."""


def import_file(context: Context, request: func.HttpRequest) -> func.HttpResponse:
    raise NotImplementedError


def export_file(context: Context, request: func.HttpRequest) -> func.HttpResponse:
    raise NotImplementedError


def poll_transfer(context: Context, request: func.HttpRequest) -> func.HttpResponse:
    raise NotImplementedError


def cancel_transfer(context: Context, request: func.HttpRequest) -> func.HttpResponse:
    raise NotImplementedError

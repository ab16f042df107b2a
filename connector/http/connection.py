"""CheckConnection, for people; GetHealth, for the platform."""

import azure.functions as func

from .. import connection
from . import requests, responses
from .context import Context


def check_connection(context: Context, request: func.HttpRequest) -> func.HttpResponse:
    requests.parameters(context.operation("CheckConnection"), request)
    context.admission.enter_pool()
    found = connection.check_connection(context.sessions, context.storage, context.settings)
    return responses.json_response(found)


def get_health() -> func.HttpResponse:
    """Independent of settings and pool: replacing the instance, as a platform would, does not change them."""
    return responses.json_response({"status": "Healthy"})

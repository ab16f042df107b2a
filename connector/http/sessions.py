"""GetSession and EndSession."""

import azure.functions as func

from .. import sessions
from . import requests, responses
from .context import Context


def get_session(context: Context, request: func.HttpRequest) -> func.HttpResponse:
    arguments = requests.parameters(context.operation("GetSession"), request)
    return responses.json_response(sessions.get_session(context.sessions.session(arguments["session_id"])))


def end_session(context: Context, request: func.HttpRequest) -> func.HttpResponse:
    arguments = requests.parameters(context.operation("EndSession"), request)
    sessions.end_session(context.sessions.session(arguments["session_id"]))
    return responses.no_content_response()

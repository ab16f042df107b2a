"""ShareFile, OpenSharedFile and OpenSharedFileHeaders."""

import azure.functions as func

from ..files import links
from . import ranges, requests, responses
from .context import Context
from .files import content_response

_HEADERS = {
    "Cache-Control": "private, no-store",
    "Content-Security-Policy": "sandbox; default-src 'none'",
    "Referrer-Policy": "no-referrer",
}
"""A file may be a page. It is downloaded, and this is for browsers that show it nevertheless: nothing in it may run,
nor read what belongs to the connector's origin, and the link, which is enough to get the file, is not passed on.
"""


def share_file(context: Context, request: func.HttpRequest) -> func.HttpResponse:
    operation = context.operation("ShareFile")
    route = requests.parameters(operation, request)
    body = requests.json_arguments(operation, request, context.admission)
    base = responses.base_url(context.settings, request, "/links").rsplit("/", 2)[0]  # without files/{fileName}
    return responses.json_response(
        links.share_file(context.sessions, context.facts, context.tokens, base, **route, **body)
    )


def open_shared_file(context: Context, request: func.HttpRequest) -> func.HttpResponse:
    linked = _linked_file(context, request)
    with links.link_not_found_without_file():
        response = content_response(context, request, linked.session, linked.path, linked.file)
    linked.check_unchanged()
    return _protected(response)


def open_shared_file_headers(context: Context, request: func.HttpRequest) -> func.HttpResponse:
    file = _linked_file(context, request).file
    is_unchanged = ranges.is_unchanged(request.headers, file.etag)
    return _protected(responses.unchanged_response(file) if is_unchanged else responses.file_response(file))


def _linked_file(context: Context, request: func.HttpRequest) -> links.LinkedFile:
    """Other parameters are ignored: what people send each other gets more of them on its way."""
    name = str(request.route_params["fileName"])
    return links.find_linked_file(context.sessions, context.facts, context.address, name)


def _protected(response: func.HttpResponse) -> func.HttpResponse:
    response.headers.update(_HEADERS)
    return response

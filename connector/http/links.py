"""ShareFile, OpenSharedFile and OpenSharedFileHeaders."""

from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

import azure.functions as func

from ..callers.signed_tokens import require_tokens
from ..errors import FileTooLarge
from ..files.operations import COPIES, LARGEST_MESSAGE
from ..links import session_links, stored_links
from ..links.addresses import lifetime_of, opened
from . import ranges, requests, responses, transfers
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
    arguments = {**route, **requests.json_arguments(operation, request, context.admission)}
    wait_seconds = transfers.caller_wait(context, arguments)
    lifetime = lifetime_of(arguments.pop("lifetime_in_seconds", None), context.settings.link_max_hours)
    require_tokens(context.tokens, "links")
    path = _route(request)
    if context.storage.files is None:
        base = responses.base_url(context.settings, request, path)
        shared = session_links.share_file(
            context.sessions, context.facts, context.tokens, base, **arguments, lifetime_seconds=lifetime
        )
        return responses.json_response(shared)
    share = stored_links.begin_share(transfers.reach_of(context), **arguments, lifetime_seconds=lifetime)
    return transfers.transfer_response(context, request, path, share, wait_seconds)


def open_shared_file(context: Context, request: func.HttpRequest) -> func.HttpResponse:
    address = _address(context, request)
    if stored_links.is_stored(address):
        return _protected(_blob_response(context, request, stored_links.find_linked_blob(context.storage, address)))
    linked = session_links.find_linked_file(context.sessions, context.facts, address)
    with session_links.link_not_found_without_file():
        response = content_response(context, request, linked.session, linked.path, linked.file)
    linked.check_unchanged()
    return _protected(response)


def open_shared_file_headers(context: Context, request: func.HttpRequest) -> func.HttpResponse:
    """Never redirects: programs that look at a link before people do get what they ask for."""
    address = _address(context, request)
    if stored_links.is_stored(address):
        file = stored_links.find_linked_blob(context.storage, address).file
    else:
        file = session_links.find_linked_file(context.sessions, context.facts, address).file
    is_unchanged = ranges.is_unchanged(request.headers, file.etag)
    return _protected(responses.unchanged_response(file) if is_unchanged else responses.file_response(file))


def _blob_response(context: Context, request: func.HttpRequest, linked: stored_links.LinkedBlob) -> func.HttpResponse:
    """The bytes that the request's headers ask for, or where they are."""
    file = linked.file
    if ranges.is_unchanged(request.headers, file.etag):
        return responses.unchanged_response(file)
    if context.settings.link_delivery == "redirect" and not linked.is_streamed:
        return func.HttpResponse(
            status_code=302, headers={"Location": linked.signed_url(), "X-Content-Type-Options": "nosniff"}
        )
    requested = ranges.requested_range(request.headers, file, LARGEST_MESSAGE)
    first, last = requested or (0, file.size - 1)
    if last + 1 - first > LARGEST_MESSAGE:
        raise FileTooLarge(
            f"The file has {file.size:,} bytes, and a response carries {LARGEST_MESSAGE:,} at most. Request one range "
            "at a time with a header like Range: bytes=0-33554431.",
            target="fileName",
        )
    context.admission.hold((last + 1 - first) * COPIES)
    content = linked.read(first, last)
    return responses.file_response(replace(file, content=content), None if requested is None else first)


def _route(request: func.HttpRequest) -> str:
    """Of ShareFile, without what is before it: files/{fileName}/links, where the name may be that of another route."""
    return "/" + "/".join(urlsplit(str(request.url)).path.rstrip("/").lower().split("/")[-3:])


def _address(context: Context, request: func.HttpRequest) -> dict[str, Any]:
    """Other parameters are ignored: what people send each other gets more of them on its way."""
    return opened(context.address, str(request.route_params["fileName"]))


def _protected(response: func.HttpResponse) -> func.HttpResponse:
    response.headers.update(_HEADERS)
    return response

"""GetPlayground and GetPlaygroundFile: the page for people, which needs neither a key nor valid settings."""

import re
from dataclasses import dataclass
from urllib.parse import quote

import azure.functions as func

from ..errors import PlaygroundNotFound
from ..playground.policy import FRAME_POLICY, page_policy
from ..playground.site import FRAME, INDEX, SIGNED_IN, Asset, Site
from ..settings import Settings
from .compression import accepts_gzip
from .ranges import is_unchanged

_SITE = Site()
_ROUTE = "/playground"
_SIGNED_IN = "signed-in"
"""The address of SIGNED_IN, which an app registration has: so it never changes."""

_ORIGIN = re.compile(r"https?://(?:[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?")
_ADDRESS = re.compile(rf"({_ORIGIN.pattern})(/[^?#]*|)")


@dataclass(frozen=True)
class PlaygroundContext:
    """What the adapters get besides the request. `settings` are None if they are wrong; the others are known then."""

    is_on: bool
    signs_in_with_entra: bool
    settings: Settings | None


@dataclass(frozen=True)
class _SignIn:
    """How people sign in with Entra ID: with which authority, as which application, and for which API.

    Without an application, the page cannot sign in by itself: people enter a token.
    """

    origin: str
    authority: str
    client_id: str | None
    scope: str

    @classmethod
    def of(cls, context: PlaygroundContext) -> "_SignIn | None":
        """None if they enter a key."""
        settings = context.settings
        if settings is None or not context.signs_in_with_entra:
            return None
        audiences, origin = settings.entra_audiences, settings.azure_authority_host
        if audiences is None or not _ORIGIN.fullmatch(origin):
            return None
        authority = f"{origin}/{settings.entra_tenant_id}"
        return cls(origin, authority, settings.entra_playground_client_id, f"{audiences[0]}/.default")


def get_playground(context: PlaygroundContext, request: func.HttpRequest) -> func.HttpResponse:
    """Raises PlaygroundNotFound."""
    _check_is_on(context)
    origin, path = _address(request)
    if path.endswith("/"):  # which the host accepts, and relative addresses would break
        return _without_slash()
    prefix = path[: path.lower().rfind(_ROUTE)]
    sign_in = _SignIn.of(context)
    with_entra = sign_in.origin if sign_in and sign_in.client_id else None
    headers = {
        "Cache-Control": "no-cache",
        "Content-Security-Policy": page_policy(_frames(context, origin, prefix), with_entra),
        # Signing in opens a window of Entra ID's, which the page has to see.
        "Cross-Origin-Opener-Policy": "same-origin-allow-popups" if with_entra else "same-origin",
        "X-Frame-Options": "DENY",
    }
    return _response(request, _SITE.document(INDEX, _data(context, sign_in)), headers)


def get_playground_file(context: PlaygroundContext, request: func.HttpRequest) -> func.HttpResponse:
    """Raises PlaygroundNotFound."""
    _check_is_on(context)
    requested = str(request.route_params.get("path", ""))
    if not requested:
        return _without_slash()
    if requested == _SIGNED_IN:
        headers = {
            "Cache-Control": "no-cache",
            "Content-Security-Policy": page_policy([], None),
            "X-Frame-Options": "DENY",
        }
        return _response(request, _SITE.document(SIGNED_IN, {}), headers)
    version, _, path = requested.partition("/")
    asset = _SITE.asset(path)
    if asset is None:
        raise PlaygroundNotFound(
            "The Playground has no such file. Reload the page, in case the app was updated.",
            headers={"Cache-Control": "no-store"},
        )
    # During an update, a page of one version may reach an instance with another: it gets that file, this time.
    is_current = version == _SITE.version
    headers = {"Cache-Control": "public, max-age=31536000, immutable" if is_current else "no-store"}
    if path == FRAME:
        headers["Content-Security-Policy"] = FRAME_POLICY
    return _response(request, asset, headers)


def _check_is_on(context: PlaygroundContext) -> None:
    if not context.is_on:
        raise PlaygroundNotFound(
            "The Playground is turned off. To use it, set the setting PLAYGROUND to on.",
            headers={"Cache-Control": "no-store"},
        )


def _address(request: func.HttpRequest) -> tuple[str | None, str]:
    """Origin and path of the request. The origin is None if the Host header is nothing that a policy can contain."""
    address = str(request.url).partition("?")[0]
    found = _ADDRESS.fullmatch(address)
    return (found[1], found[2]) if found else (None, "/" + address.partition("://")[2].partition("/")[2])


def _frames(context: PlaygroundContext, origin: str | None, prefix: str) -> list[str]:
    """The addresses of the frame's document: that of the app in the settings, and where the request found the app.

    Both, because a gateway may be in front of it, or several domains may lead to it. Callers can invent the latter, but
    only in their own response.
    """
    bases = {origin}
    if context.settings is not None:
        bases.add(context.settings.public_base_url)
    found = filter(None, (_ADDRESS.fullmatch(base) for base in sorted(filter(None, bases))))
    return [
        f"{address[1]}{quote(address[2] + prefix, safe='/%~!$&*+=:@')}{_ROUTE}/{_SITE.version}/{FRAME}"
        for address in found
    ]


def _data(context: PlaygroundContext, sign_in: _SignIn | None) -> dict[str, str]:
    """What the page has to know before its first call."""
    return {
        "auth": "entra" if context.signs_in_with_entra else "key",
        "authority": sign_in.authority if sign_in else "",
        "client-id": (sign_in.client_id if sign_in else None) or "",
        "scope": sign_in.scope if sign_in else "",
    }


def _without_slash() -> func.HttpResponse:
    return func.HttpResponse(status_code=308, headers={"Location": "../playground"})


def _response(request: func.HttpRequest, asset: Asset, headers: dict[str, str]) -> func.HttpResponse:
    # Of the policy, too: whoever has the page with another one is to get this one, and not a 304.
    etag = asset.etag_with(headers.get("Content-Security-Policy", ""))
    headers |= {
        "Content-Type": asset.content_type,  # also of a 304, which the worker would give another one
        "ETag": etag,
        "Vary": "Accept-Encoding",
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
    }
    if is_unchanged(request.headers, etag):
        return func.HttpResponse(status_code=304, headers=headers)
    if accepts_gzip(request.headers.get("accept-encoding", "")):
        headers["Content-Encoding"] = "gzip"
        return func.HttpResponse(asset.compressed, headers=headers)
    return func.HttpResponse(asset.content, headers=headers)

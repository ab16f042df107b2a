"""GetPlayground and GetPlaygroundFile: the page for people, which needs neither a key nor valid settings."""

import re
from urllib.parse import urlsplit

import azure.functions as func

from ..playground.policy import FRAME_POLICY, page_policy
from ..playground.site import FRAME, Asset, Site
from ..settings import Settings

_SITE = Site()
_ORIGIN = re.compile(r"https?://(?:[A-Za-z0-9.-]+|\[[0-9A-Fa-f:]+\])(?::\d{1,5})?")
_ROUTE = "/playground"


def get_playground(settings: Settings | None, request: func.HttpRequest) -> func.HttpResponse:
    url = urlsplit(str(request.url))
    if url.path.endswith("/"):  # which the host accepts, and relative addresses would break
        return func.HttpResponse(status_code=308, headers={"Location": "../playground"})
    prefix = url.path[: url.path.lower().rfind(_ROUTE)]
    origins = {f"{url.scheme}://{url.netloc}"}
    if settings is not None and settings.public_base_url:
        origins.add(settings.public_base_url)
    frames = [
        f"{origin}{prefix}{_ROUTE}/{_SITE.version}/{FRAME}" for origin in sorted(origins) if _ORIGIN.fullmatch(origin)
    ]
    headers = {
        "Cache-Control": "no-cache",
        "Content-Security-Policy": page_policy(frames, None),
        "Cross-Origin-Opener-Policy": "same-origin",
        "X-Frame-Options": "DENY",
    }
    return _response(request, _SITE.document, headers)


def get_playground_file(settings: Settings | None, request: func.HttpRequest) -> func.HttpResponse:
    version, _, path = str(request.route_params.get("path", "")).partition("/")
    asset = _SITE.asset(path)
    if asset is None:
        return func.HttpResponse(status_code=404)
    # During an update, a page of one version may reach an instance with another: it gets that file, this time.
    is_current = version == _SITE.version
    headers = {"Cache-Control": "public, max-age=31536000, immutable" if is_current else "no-store"}
    if path == FRAME:
        headers["Content-Security-Policy"] = FRAME_POLICY
    return _response(request, asset, headers)


def _response(request: func.HttpRequest, asset: Asset, headers: dict[str, str]) -> func.HttpResponse:
    headers |= {
        "ETag": asset.etag,
        "Vary": "Accept-Encoding",
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
    }
    if asset.etag in request.headers.get("if-none-match", ""):
        return func.HttpResponse(status_code=304, headers=headers)
    headers["Content-Type"] = asset.content_type
    if re.search(r"\bgzip\b(?!\s*;\s*q=0(?:\.0*)?(?:\D|$))", request.headers.get("accept-encoding", "")):
        headers["Content-Encoding"] = "gzip"
        return func.HttpResponse(asset.compressed, headers=headers)
    return func.HttpResponse(asset.content, headers=headers)

"""Which web pages may call the MCP server. Its specification requires this check, against DNS rebinding.

In that attack, a page's own host name leads to the address of a server that only the user's machine can reach. So the
header Host, and the address in the request, which the Functions host makes of it, prove nothing: what counts is where
the settings locate the app.
"""

from urllib.parse import urlsplit

from ..errors import OriginNotAllowed
from ..settings import Settings

_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_PORTS = {"http": 80, "https": 443}

Origin = tuple[str, str, int | None]
"""Scheme, host and port."""


def check_origin(settings: Settings, header: str | None) -> None:
    """`header` is the request's Origin, which browsers send, and other clients do not. Raises OriginNotAllowed."""
    if header is None:
        return
    origin, own = _origin(header), _origin(settings.public_base_url or "")
    if origin is not None:
        if origin == own or origin in map(_origin, settings.mcp_allowed_origins or ()):
            return
        # Pages of programs on the machine that the app runs on, such as the MCP Inspector.
        if own is not None and own[1] in _LOOPBACK and origin[1] in _LOOPBACK:
            return
    raise OriginNotAllowed(
        "Web pages of this origin may not call the MCP server. Its operator can add the origin to the setting "
        "MCP_ALLOWED_ORIGINS.",
        target="Origin",
    )


def _origin(address: str) -> Origin | None:
    """That of an address. None if it has no host, as in the origin `null`."""
    try:
        parts = urlsplit(address.strip())
        if parts.scheme not in _PORTS or not parts.hostname:
            return None
        return parts.scheme, parts.hostname, parts.port or _PORTS[parts.scheme]
    except ValueError:
        return None

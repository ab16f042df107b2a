"""The host names to which the app answers.

A web page can let its own host name lead to 127.0.0.1 or to another address that only its visitor reaches (DNS
rebinding). For the browser, the app then belongs to the page, which may send requests and read the answers. The header
Host still has the name of the page.
"""

import ipaddress
from urllib.parse import urlsplit

ANY = "*"


def is_allowed(host: str, allowed: tuple[str, ...]) -> bool:
    """`host` is the header. Always allowed: localhost, and addresses, which no page can have as its name."""
    if ANY in allowed:
        return True
    try:
        name = urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return False
    if name == "localhost" or name in allowed:
        return True
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def is_of_host(origin: str, host: str) -> bool:
    """Whether the header Origin is that of a page which the same host has served."""
    return origin.partition("://")[2].lower() == host.lower()

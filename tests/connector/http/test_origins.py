"""Which web pages may call the MCP server: those of the app, those that the setting names, and local ones of a local
app. The header Host proves nothing."""

import pytest

from connector.errors import OriginNotAllowed
from connector.http.origins import check_origin
from connector.settings import Settings


def settings(public_base_url: str = "", allowed: str = "") -> Settings:
    return Settings.from_environment(
        {
            "POOL_MANAGEMENT_ENDPOINT": "https://pool.example",
            "PUBLIC_BASE_URL": public_base_url,
            "MCP_ALLOWED_ORIGINS": allowed,
        }
    )


APP, LOCAL = "https://app.example", "http://localhost:7071"


@pytest.mark.parametrize("base", ["", APP, LOCAL])
def test_clients_that_are_no_pages_send_no_origin(base: str) -> None:
    """They may call."""
    check_origin(settings(base), None)


@pytest.mark.parametrize(
    ("base", "allowed", "origin"),
    [
        (APP, "", "https://app.example"),
        (APP, "", "https://app.example:443"),
        ("https://gateway.example/prefix/", "", "https://gateway.example"),
        ("https://APP.example:8443", "", "https://app.example:8443"),
        (APP, "https://chat.example, http://tools.example:8080", "http://tools.example:8080"),
        (APP, "HTTPS://Chat.Example", "https://chat.example"),
        ("", "https://chat.example", "https://chat.example"),
        (LOCAL, "", "http://localhost:7071"),
        (LOCAL, "", "http://localhost:6274"),
        (LOCAL, "", "http://127.0.0.1:6274"),
        ("http://127.0.0.1:7071", "", "http://[::1]:80"),
    ],
)
def test_a_page_that_may_call(base: str, allowed: str, origin: str) -> None:
    """Paths do not belong to origins."""
    check_origin(settings(base, allowed), origin)


@pytest.mark.parametrize(
    ("base", "allowed", "origin"),
    [
        (APP, "", "https://evil.example"),
        (APP, "", "http://app.example"),
        (APP, "", "https://app.example:8443"),
        (APP, "", "https://app.example.evil.example"),
        (APP, "", "https://evil.example#app.example"),
        (APP, "", "http://localhost:6274"),  # a page on the caller's machine, and not on that of the app
        (APP, "", "null"),
        (APP, "", ""),
        (APP, "", "*"),
        (APP, "", "https://app.example:x"),
        (APP, "", "https://[::1"),
        (APP, "", "file://app.example"),
        (APP, "https://chat.example", "https://sub.chat.example"),
        ("", "", "https://app.example"),
        ("", "", "http://localhost:7071"),
        (LOCAL, "", "http://evil.example:7071"),  # whose name leads to this machine: DNS rebinding
        (LOCAL, "", "http://localhost.evil.example:7071"),
        (LOCAL, "", "null"),
    ],
)
def test_a_page_that_may_not_call(base: str, allowed: str, origin: str) -> None:
    """The message names the setting."""
    with pytest.raises(OriginNotAllowed, match="MCP_ALLOWED_ORIGINS"):
        check_origin(settings(base, allowed), origin)

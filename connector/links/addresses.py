"""The address of a link, whose token has everything that opening it needs."""

from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from ..callers.signed_tokens import Tokens, require_tokens
from ..errors import InvalidRequest, LinkNotFound

LINK = "link"
"""The purpose of the token in a link."""

DEFAULT_LIFETIME_SECONDS = 24 * 3600


def lifetime_of(requested_seconds: int | None, most_hours: int) -> int:
    """How many seconds a link may work; without a request, a day, or less where the setting allows less.

    Raises InvalidRequest for more than `most_hours`.
    """
    most = most_hours * 3600
    if requested_seconds is None:
        return min(DEFAULT_LIFETIME_SECONDS, most)
    if requested_seconds > most:
        raise InvalidRequest(
            f"A link of this connector works for {most:,} seconds at most ({most_hours} hours). Send a shorter "
            "lifetimeInSeconds, or raise the setting LINK_MAX_HOURS.",
            target="lifetimeInSeconds",
        )
    return requested_seconds


def link_url(tokens: Tokens | None, base_url: str, address: dict[str, Any], expires: datetime) -> str:
    """`base_url` is where callers reach the operations. `address` has at least the `caller` and the `file_name`.

    Raises InternalError without `tokens`.
    """
    sealed = require_tokens(tokens, "links").seal(
        LINK,
        {**address, "expires": expires.timestamp()},
        lifetime_seconds=(expires - datetime.now(UTC)).total_seconds(),
    )
    return f"{base_url}/shared/{quote(address['file_name'], safe='')}?token={sealed}"


def opened(address: dict[str, Any] | None, file_name: str) -> dict[str, Any]:
    """`address` is the content of a link's token, None for any other token; `file_name` that in the link's path. Raises
    LinkNotFound.
    """
    if address is None or address["file_name"] != file_name:
        raise link_not_found()
    return address


def link_not_found() -> LinkNotFound:
    """The same for every link that does not work, so that it reveals nothing about sessions and files."""
    return LinkNotFound(
        "This link does not work: it has expired or is incomplete, or its file was changed or deleted. Ask for a new "
        "link."
    )

"""Reads the bodies of the pool's responses in JSON, up to a limit."""

import requests

from ..outbound import bodies
from . import wire


def load(response: requests.Response) -> None:
    """Reads the body, so that it is `content`. Raises requests.RequestException, and ResponseTooLarge."""
    try:
        bodies.load(response, wire.MOST_BYTES)
    except bodies.BodyTooLarge:
        raise wire.response_too_large() from None

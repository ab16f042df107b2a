"""Requests and responses of outgoing calls, whoever answers them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import requests

from workflow_player.content import body_of, value_of

DEFAULT_TYPE = "application/json"

_KNOWN = "Cache-Control Content-Length Content-Type Date ETag Last-Modified Location Retry-After"
_WRITTEN = {name.lower(): name for name in _KNOWN.split()}
"""How .NET writes the headers that it knows, however they were sent: the engine is built on it, so expressions that
read the outputs of actions find `Location`. Source: KnownHeaders of dotnet/runtime.
"""


class CallTimedOut(Exception):
    """There was no response in time."""


class NobodyAnswers(Exception):
    """A service has asked somebody, and there is no answer as long as the action waits."""


class CallFailed(Exception):
    """The host cannot be reached."""


@dataclass(frozen=True)
class Request:
    """`url` is a whole URL, or the path of a connector's operation."""

    method: str
    url: str
    queries: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    @staticmethod
    def of(method: str, url: str, queries: Mapping[str, Any], headers: Mapping[str, Any], body: Any) -> "Request":
        """With values of the workflow language: a body has the content type of its headers, or of its own."""
        content, own_type = body_of(body)
        sent = {name: str(value) for name, value in headers.items()}
        if own_type and not any(name.lower() == "content-type" for name in sent):
            sent["Content-Type"] = own_type
        asked = {name: query_text(value) for name, value in queries.items() if value is not None}
        return Request(method.upper(), url, asked, sent, content)

    @property
    def full_url(self) -> str:
        if not self.queries:
            return self.url
        return self.url + ("&" if "?" in self.url else "?") + urlencode(self.queries)


@dataclass(frozen=True)
class Response:
    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    def header(self, name: str) -> str | None:
        return next((value for key, value in self.headers.items() if key.lower() == name.lower()), None)

    @property
    def ok(self) -> bool:
        return self.status < 400

    def outputs(self) -> dict[str, Any]:
        """As an action returns them."""
        return {
            "statusCode": self.status,
            "headers": {_WRITTEN.get(name.lower(), name): value for name, value in self.headers.items()},
            "body": value_of(self.body, self.header("Content-Type")),
        }


Sender = Callable[[Request, float], Response]
"""Sends a request, and waits for the response so many seconds. Raises CallTimedOut or CallFailed."""


def query_text(value: Any) -> str:
    """A value of a query: booleans in small letters."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def over_http(request: Request, seconds: float) -> Response:
    """Sends a request to its URL."""
    try:
        with requests.Session() as session:
            session.trust_env = False
            response = session.request(
                request.method, request.full_url, headers=dict(request.headers), data=request.body, timeout=seconds
            )
            return Response(response.status_code, dict(response.headers), response.content)
    except requests.Timeout:
        raise CallTimedOut from None
    except requests.RequestException as error:
        raise CallFailed(str(error)) from None

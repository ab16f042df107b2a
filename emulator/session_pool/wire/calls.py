"""One request to a pool, as all wire families read it: query, path, identifier, body.

Which routes exist, and which members bodies have, is defined by the family modules. Sources for what is chosen and what
is known: docs/session-pool-emulator.md.
"""

import json
import re
import tempfile
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from starlette.requests import Request as HttpRequest
from starlette.types import Message

from ..engines.interface import DATA, TooLarge, pace
from ..sessions.execution import Fault
from ..sessions.pool import Pool
from ..sessions.session import Session
from .errors import MalformedBody, WireError, invalid

OLDEST_VERSION = "2023-08-01-preview"
"""The service's name for the version of a request that names none, on the routes that accept such a request."""

_IDENTIFIER = re.compile(r"[a-zA-Z0-9_|}{\[\]:\"';<>?/.,@#$%\^&*()\-+=!~`]{4,128}")
_MAX_JSON_BYTES = 8 << 20  # chosen: the service's limit is not known
_MAX_VALUES = 10_000  # of a body that is not short: each takes time, and many times as much memory as its text
_STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"', re.DOTALL)
_SHORT_BYTES = 16 << 10
_FEW_PIECES = 16
_SMALL_BYTES = 256 << 10  # a larger body waits for its turns


@dataclass(frozen=True)
class Call:
    """One request to a pool. `segments` is the path after the pool's name, each segment decoded."""

    pool: Pool
    pool_name: str
    http: HttpRequest
    segments: list[str]
    api_version: str
    fault: Fault = ""
    """Of its execution."""

    session_expires: bool = False
    """A fault: the session of the request, which only its body names, ends first."""

    @property
    def method(self) -> str:
        return self.http.method

    def parameter(self, name: str) -> str:
        return query_parameter(self.http, name)

    @property
    def identifier(self) -> str:
        """Raises WireError."""
        return checked_identifier(self.parameter("identifier"))

    async def session(self) -> Session:
        """The identifier's session, created if it has none."""
        return await self.pool.session(self.identifier)

    def existing_session(self) -> Session:
        """The identifier's session. Raises WireError if it has none."""
        session = self.pool.find(self.identifier)
        if session is None:
            raise WireError(404, "NoSessionFoundError", f"Could not find session with name '{self.identifier}'.")
        return session

    @property
    def folder(self) -> str:
        return self.parameter("path")

    def path(self, segments: list[str]) -> tuple[str, str]:
        """The folder and name of a file: clients write folders into the name, with `/` encoded or not."""
        return joined_path(self.folder, "/".join(segments))

    def check_container_type(self) -> None:
        """For versions that support Python pools only. Raises WireError."""
        if self.pool.container_type != "PythonLTS":
            version = self.api_version or OLDEST_VERSION
            message = f"Shell execution is not supported in API version {version}."
            raise WireError(400, "SessionRequestNotSupported", message)

    def unsupported(self) -> WireError:
        route = f"{self.method} /{'/'.join(self.segments)}"
        return WireError(
            400, "SessionRequestNotSupported", f"{route} is not supported in API version {self.api_version}."
        )

    async def json_value(self) -> Any:
        """The body. Raises MalformedBody and WireError."""
        try:
            return await _json(limited(self.http, _MAX_JSON_BYTES))
        except TooLarge:
            raise WireError(413, "RequestTooLarge", f"The body may have {_MAX_JSON_BYTES} bytes.") from None
        except (ValueError, RecursionError):
            raise MalformedBody("The body is not JSON.") from None

    async def json(self) -> dict[str, Any]:
        """The body, which is an object. Raises MalformedBody and WireError."""
        body = await self.json_value()
        if not isinstance(body, dict):
            raise MalformedBody("The JSON value could not be converted to the type of the request.")
        return body

    def address(self, route: str, **parameters: str) -> str:
        """The URL of another route of the pool, for a call whose own route is a single segment."""
        base = self.http.scope["raw_path"].decode("latin-1").rstrip("/").rpartition("/")[0]
        query = urlencode({"api-version": self.api_version, **parameters}, quote_via=quote, safe="")
        return f"{self.http.url.scheme}://{self.http.url.netloc}{base}/{route}?{query}"


def query_parameter(http: HttpRequest, name: str) -> str:
    """Clients differ in the case of names. `""` if it is absent."""
    return next((value for key, value in http.query_params.items() if key.lower() == name.lower()), "")


def checked_identifier(identifier: Any) -> str:
    """Raises WireError."""
    if not isinstance(identifier, str) or not _IDENTIFIER.fullmatch(identifier):
        raise invalid("identifier must have 4 to 128 of the characters that the service allows")
    return identifier


def joined_path(folder: str, path: str) -> tuple[str, str]:
    """The folder and name of `path` below `folder`; a path in /mnt/data replaces the folder."""
    above, _, name = path.rpartition("/")
    if path.startswith(f"{DATA}/"):
        folder = ""
    return "/".join(filter(None, (folder, above))), name


def limited(request: HttpRequest, limit: int) -> HttpRequest:
    """The same request, which raises TooLarge if its body has more than `limit` bytes."""
    if int(request.headers.get("content-length") or 0) > limit:
        raise TooLarge
    received = pieces = 0

    async def receive() -> Message:
        nonlocal received, pieces
        message = await request.receive()
        received += len(message.get("body", b""))
        if received > limit:
            raise TooLarge
        pieces += 1
        if received > _SMALL_BYTES or pieces > _FEW_PIECES:
            await pace().turn()
        return message

    return HttpRequest(request.scope, receive)


async def _json(request: HttpRequest) -> Any:
    """The body. One that is large waits in a file until it is complete. Raises ValueError and RecursionError."""
    with tempfile.SpooledTemporaryFile(_SMALL_BYTES) as received:
        async for piece in request.stream():
            received.write(piece)
        length = received.tell()
        if length > _SMALL_BYTES:
            await pace().turn()
        received.seek(0)
        body = received.read()
    if length > _SHORT_BYTES and _values(body) > _MAX_VALUES:
        raise ValueError("too many values")
    return json.loads(body)


def _values(body: bytes) -> int:
    """How many values it has, at least if they are many."""
    found = _separators(body)
    return found if found <= _MAX_VALUES else _separators(_STRING.sub(b"", body))


def _separators(text: bytes) -> int:
    return sum(map(text.count, (b",", b"[", b"{")))

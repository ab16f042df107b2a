"""Calls the connector over HTTP: sends what is safe to send again until it is answered. Knows no operation.

Every request may be sent more than once: runs have an idempotency key, uploads replace, the rest reads or deletes. So a
lost connection, a restart of the connector, a 429 and a 503 only take time.
"""

import asyncio
import contextlib
import ipaddress
import time
from collections.abc import AsyncIterator, Mapping
from typing import Any
from urllib.parse import urlsplit

import httpx

from .errors import ConnectorError, ConnectorRefused, ConnectorUnavailable, InvalidFileName
from .sign_in import SignIn

CONNECT_SECONDS = 10.0
_FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS = 0.2, 5.0
_AGAIN = {408, 429, 503, 504}


class Connector:
    """The connector at `url`, which ends in `/api`.

    A request that gets no answer, or a temporary refusal, is sent again until `patience_seconds` have passed since the
    first failure.
    """

    def __init__(self, url: str, sign_in: SignIn, *, patience_seconds: float = 30) -> None:
        self.url = url.rstrip("/")
        self._sign_in = sign_in
        self._patience_seconds = patience_seconds
        # A pool of connections without a limit: each conversation has one run at a time, and conversations are limited.
        self._http = httpx.AsyncClient(
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=20),
            trust_env=not _is_on_this_machine(url),
        )

    async def request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        json: Any = None,
        content: bytes | None = None,
        seconds: float = 40,
        accepted: tuple[int, ...] = (),
    ) -> httpx.Response:
        """The response, whose status is below 400 or one of `accepted`. Each attempt takes at most `seconds`.

        Raises ConnectorRefused, ConnectorUnavailable, or ConnectorError with the connector's own message.
        """
        until = None
        pause = _FIRST_PAUSE_SECONDS
        while True:
            response = None
            try:
                async with asyncio.timeout(seconds):
                    response = await self._http.request(
                        method,
                        self.url + path,
                        params=query,
                        json=json,
                        content=content,
                        headers=await self._headers(content),
                        timeout=httpx.Timeout(seconds, connect=CONNECT_SECONDS),
                    )
            except (httpx.TransportError, TimeoutError):
                failure: ConnectorError = ConnectorUnavailable(
                    "The connector did not answer. Check CONNECTOR_URL and that the connector runs, and try again.",
                    retry_after_seconds=10,
                )
            else:
                if response.status_code < 400 or response.status_code in accepted:
                    return response
                failure = _failure(response)
                if not _may_pass(response):
                    raise failure
            until = until or time.monotonic() + self._patience_seconds
            pause = max(pause, _retry_after(response))
            if time.monotonic() + pause > until:
                raise failure
            await asyncio.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)

    @contextlib.asynccontextmanager
    async def stream(self, path: str, query: Mapping[str, str]) -> AsyncIterator[httpx.Response]:
        """The response to a GET whose body has not been read: it has 200 or 404. Raises as `request` does."""
        request = self._http.build_request(
            "GET", self.url + path, params=query, headers=await self._headers(None), timeout=httpx.Timeout(40)
        )
        try:
            response = await self._http.send(request, stream=True)
        except httpx.TransportError:
            raise ConnectorUnavailable(
                "The connector did not answer. Check CONNECTOR_URL and that the connector runs, and try again.",
                retry_after_seconds=10,
            ) from None
        try:
            if response.status_code not in (200, 404):
                await response.aread()
                raise _failure(response)
            yield response
        finally:
            await response.aclose()

    async def close(self) -> None:
        """Close all connections."""
        await self._http.aclose()
        await self._sign_in.close()

    async def _headers(self, content: bytes | None) -> dict[str, str]:
        kind = {} if content is None else {"Content-Type": "application/octet-stream"}
        return {**await self._sign_in.headers(), **kind}


def _failure(response: httpx.Response) -> ConnectorError:
    status, code = response.status_code, None
    try:
        error = response.json()["error"]
        message, code = str(error["message"]), error.get("code")
    except (ValueError, KeyError, TypeError):
        message = f"The connector answered with status {status}. Ask again; if that fails too, read its log."
    if status in (401, 403):
        reason = message if status == 403 else "The connector does not accept the app's key or token."
        return ConnectorRefused(f"{reason} Check CONNECTOR_KEY or CONNECTOR_AUDIENCE of the app.")
    if code == "InvalidFileName":
        return InvalidFileName(message)
    if _may_pass(response):
        return ConnectorUnavailable(message, retry_after_seconds=max(1, int(_retry_after(response))))
    return ConnectorError(message)


def _may_pass(response: httpx.Response) -> bool:
    """Whether the same request may succeed later. A 502 may if it has Retry-After: the pool could not be reached."""
    return response.status_code in _AGAIN or (response.status_code == 502 and "Retry-After" in response.headers)


def _retry_after(response: httpx.Response | None) -> float:
    """Seconds; 0 without a response, or without a number in it."""
    text = "" if response is None else response.headers.get("Retry-After", "")
    return float(text) if text.isdigit() else 0.0


def _is_on_this_machine(url: str) -> bool:
    """Whether a proxy that the environment names cannot reach the address."""
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"

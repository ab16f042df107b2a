"""Sends a request to the connector, prints it with its response, and checks the status. Knows no operation."""

import ipaddress
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlencode, urlsplit

import requests

from examples.sales_report.transcript import show_request, show_response

CONNECT_SECONDS, RESPONSE_SECONDS = 10, 230

JsonObject = dict[str, Any]


class DemoFailed(Exception):
    """A step did not have the expected result; the message is printed."""


class Connector:
    """The REST API at `api_url`, such as `http://127.0.0.1:7071/api`, called with the function key if one is given."""

    def __init__(self, api_url: str, key: str | None = None) -> None:
        self.api_url = api_url
        self._http = requests.Session()
        self._http.trust_env = not is_on_this_machine(api_url)
        if key is not None:
            self._http.headers["x-functions-key"] = key

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._http.close()

    def call(
        self,
        method: str,
        path: str,
        *,
        query: dict[str, str] | None = None,
        body: JsonObject | None = None,
        expected_status: int | tuple[int, ...] = 200,
    ) -> requests.Response:
        """Send a request, and print it with its response. Raises DemoFailed for no response or another status."""
        url = self.api_url + path + (f"?{urlencode(query)}" if query else "")
        show_request(method, url, body)
        try:
            response = self._http.request(method, url, json=body, timeout=(CONNECT_SECONDS, RESPONSE_SECONDS))
        except requests.RequestException as error:
            raise DemoFailed(
                f"{method} {path} got no response from {self.api_url} ({type(error).__name__})."
            ) from error
        show_response(response)
        expected = (expected_status,) if isinstance(expected_status, int) else expected_status
        if response.status_code not in expected:
            hint = " Set the function key with --key." if response.status_code == 401 else ""
            raise DemoFailed(f"{method} {path} returned {response.status_code} instead of {expected[0]}.{hint}")
        return response


def is_on_this_machine(url: str) -> bool:
    """Whether a URL is on this machine, which a proxy named in the environment cannot reach."""
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"

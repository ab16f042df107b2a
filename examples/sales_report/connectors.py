"""Finds a connector: at a given URL, already running on this machine, or in an emulator started for the demo."""

import contextlib
from collections.abc import Iterator

import requests

from examples.sales_report import emulator
from examples.sales_report.calls import is_on_this_machine
from examples.sales_report.transcript import say

LOCAL_CONNECTOR = "http://127.0.0.1:7071"


@contextlib.contextmanager
def find_connector(url: str | None) -> Iterator[str]:
    """Yield the URL of a connector's API, such as `http://127.0.0.1:7071/api`."""
    if url is not None:
        yield as_api_url(url)
    elif is_healthy(as_api_url(LOCAL_CONNECTOR)):
        say(f"A connector is running on {LOCAL_CONNECTOR}. The demo uses it.")
        yield as_api_url(LOCAL_CONNECTOR)
    else:
        say(f"No connector is running on {LOCAL_CONNECTOR}. The demo starts the emulator, and stops it afterwards.")
        with emulator.running() as started:
            yield started.api_url


def as_api_url(url: str) -> str:
    """The URL with the route prefix `/api`, which is appended if missing."""
    return url.rstrip("/").removesuffix("/api") + "/api"


def is_healthy(api_url: str) -> bool:
    """Whether a connector responds at this URL within two seconds."""
    with requests.Session() as http:
        http.trust_env = not is_on_this_machine(api_url)
        try:
            return http.get(f"{api_url}/health", timeout=2).status_code == 200
        except requests.RequestException:
            return False

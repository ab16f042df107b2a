"""Where a connector is found: at a given address, on this machine already, or started for the occasion."""

import contextlib
from collections.abc import Iterator

import requests

from examples.sales_report import emulator
from examples.sales_report.calls import is_on_this_machine
from examples.sales_report.transcript import say

LOCAL_CONNECTOR = "http://127.0.0.1:7071"


@contextlib.contextmanager
def find_connector(url: str | None) -> Iterator[str]:
    """Give the address of a connector's API, such as `http://127.0.0.1:7071/api`."""
    if url is not None:
        yield as_api_url(url)
    elif is_healthy(as_api_url(LOCAL_CONNECTOR)):
        say(f"A connector already runs on {LOCAL_CONNECTOR}: the demo uses that one.")
        yield as_api_url(LOCAL_CONNECTOR)
    else:
        say(f"No connector runs on {LOCAL_CONNECTOR}: the demo starts the emulator and ends it afterwards.")
        with emulator.running() as api_url:
            yield api_url


def as_api_url(url: str) -> str:
    """Append the route prefix `/api` to an address that lacks it."""
    return url.rstrip("/").removesuffix("/api") + "/api"


def is_healthy(api_url: str) -> bool:
    """Tell whether a connector answers there within two seconds."""
    with requests.Session() as http:
        http.trust_env = not is_on_this_machine(api_url)
        try:
            return http.get(f"{api_url}/health", timeout=2).status_code == 200
        except requests.RequestException:
            return False

"""Play the sales report on a connector: a given one, one that already runs here, or one started for the occasion."""

import argparse
import contextlib
import io
import signal
import sys
from collections.abc import Iterator

import requests

from examples.sales_report import emulator, story
from examples.sales_report.calls import Connector, DemoFailed, is_on_this_machine
from examples.sales_report.transcript import say

LOCAL_CONNECTOR = "http://127.0.0.1:7071"


def main() -> int:
    """Play the report; 0 when every step went as told, 1 when one did not, 130 after Ctrl-C."""
    arguments = parse_arguments()
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(
            errors="replace"
        )  # a terminal that lacks a character shows "?" rather than ending the demo
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that an emulator started here is ended too
    try:
        with find_connector(arguments.url) as api_url, Connector(api_url, arguments.key) as connector:
            story.play(connector)
    except DemoFailed as failure:
        print(f"\nThe demo ended early: {failure}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nInterrupted.", file=sys.stderr)
        return 130
    return 0


def parse_arguments() -> argparse.Namespace:
    """Read `--url` and `--key` from the command line."""
    parser = argparse.ArgumentParser(prog="python -m examples.sales_report", description=__doc__)
    parser.add_argument(
        "--url", help="where a connector runs, such as http://127.0.0.1:7071 (default: find or start one)"
    )
    parser.add_argument("--key", help="the function key, if the connector asks for one; sent as x-functions-key")
    return parser.parse_args()


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


if __name__ == "__main__":
    sys.exit(main())

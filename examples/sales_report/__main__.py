"""Play the sales report on a connector: a given one, one that already runs here, or one started for the occasion."""

import argparse
import io
import signal
import sys

from examples.sales_report import story
from examples.sales_report.calls import Connector, DemoFailed
from examples.sales_report.connectors import find_connector


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


if __name__ == "__main__":
    sys.exit(main())

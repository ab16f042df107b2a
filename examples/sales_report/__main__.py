"""Run the sales report on a connector: that of --url, one that runs here, or a new emulator's."""

import argparse
import io
import signal
import sys

from examples.sales_report import story
from examples.sales_report.calls import Connector, DemoFailed
from examples.sales_report.connectors import find_connector


def main() -> int:
    """Run the report. Returns 0 if every step succeeded, 1 if one failed, 130 after Ctrl-C."""
    arguments = parse_arguments()
    if isinstance(sys.stdout, io.TextIOWrapper):
        # A terminal that cannot show a character prints "?" instead of ending the demo.
        sys.stdout.reconfigure(errors="replace")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that an emulator started here is stopped too
    try:
        with find_connector(arguments.url) as api_url, Connector(api_url, arguments.key) as connector:
            story.run(connector)
    except DemoFailed as failure:
        print(f"\nThe demo failed: {failure}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nInterrupted.", file=sys.stderr)
        return 130
    return 0


def parse_arguments() -> argparse.Namespace:
    """Parse `--url` and `--key` from the command line."""
    parser = argparse.ArgumentParser(prog="python -m examples.sales_report", description=__doc__)
    parser.add_argument(
        "--url", help="the URL of a connector, such as http://127.0.0.1:7071 (default: find or start one)"
    )
    parser.add_argument("--key", help="the function key, if the connector requires one; sent as x-functions-key")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())

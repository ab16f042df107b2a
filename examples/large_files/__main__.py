"""Move large files through a connector: a given one, one that already runs here, or one started for the occasion."""

import argparse
import contextlib
import hashlib
import signal
import sys
import tempfile
from pathlib import Path

from examples.large_files import tables
from examples.large_files.transfer import Transfer
from examples.sales_report.calls import Connector, DemoFailed
from examples.sales_report.connectors import find_connector
from examples.sales_report.transcript import heading, say

SUMS = Path(__file__).resolve().parent / "steps" / "sums.py"
RUN_SECONDS = 200


def main() -> int:
    """0 when every step went as told, 1 when one did not, 130 after Ctrl-C."""
    arguments = parse_arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that an emulator started here is ended too
    try:
        with (
            find_connector(arguments.url) as api_url,
            contextlib.closing(Transfer(api_url, arguments.key, arguments.part_bytes)) as transfer,
            Connector(api_url, arguments.key) as connector,
            tempfile.TemporaryDirectory() as folder,
        ):
            play(connector, transfer, Path(folder), arguments.rows, arguments.excel_rows)
    except DemoFailed as failure:
        print(f"\nThe demo ended early: {failure}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nInterrupted.", file=sys.stderr)
        return 130
    return 0


def play(connector: Connector, transfer: Transfer, folder: Path, rows: int, excel_rows: int) -> None:
    """Up, sums, down; DemoFailed when something else comes back than was sent."""
    heading(
        "1. The files", f"A CSV file of {rows:,} rows and an Excel file of {excel_rows:,}, made up on this machine."
    )
    csv, excel = folder / "sales.csv", folder / "more_sales.xlsx"
    units = tables.write_csv(csv, rows) + tables.write_excel(excel, excel_rows)
    say(f"\n{csv.name}: {csv.stat().st_size:,} bytes; {excel.name}: {excel.stat().st_size:,} bytes")

    heading("2. Up in parts", "PutFile begins each upload, and PatchUpload takes the parts: no message is large.\n")
    session_id = transfer.upload(csv, None)
    try:
        transfer.upload(excel, session_id)
        heading("3. ExecutePythonCode", "pandas reads both files in the session, sums them, and writes them as one.")
        body = {
            "sessionId": session_id,
            "pythonCode": SUMS.read_text(encoding="utf-8"),
            "timeoutInSeconds": RUN_SECONDS,
        }
        execution = connector.call("POST", "/executions", body={**body, "waitInSeconds": RUN_SECONDS}).json()
        if execution["status"] != "Succeeded" or execution["value"]["units"] != dict(units):
            raise DemoFailed("the session's sums should be those of the files that were sent, and are not.")

        heading("4. Down in parts", "DownloadFile with the header Range, one part after the other.\n")
        back = folder / "all_sales.csv"
        transfer.download(back.name, session_id, back)
        with back.open("rb") as file:
            if hashlib.file_digest(file, "sha256").hexdigest() != execution["value"]["sha256"]:
                raise DemoFailed("the file that came back is not the session's.")
    finally:
        connector.call("DELETE", f"/sessions/{session_id}", expected_status=204)
    say(f"\nDone. {back.stat().st_size:,} bytes came back, the same as in the session.")


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m examples.large_files", description=__doc__)
    parser.add_argument("--url", help="where a connector runs, with SIGNING_KEY set (default: find or start one)")
    parser.add_argument("--key", help="the function key, if the connector asks for one")
    parser.add_argument("--rows", type=int, default=2_000_000, help="of the CSV file (default: %(default)s)")
    parser.add_argument("--excel-rows", type=int, default=100_000, help="of the Excel file (default: %(default)s)")
    parser.add_argument("--part-bytes", type=int, help="that a part has (default: what the connector asks for)")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())

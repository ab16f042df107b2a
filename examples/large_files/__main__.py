"""Large files through a connector, that of --url or of a new emulator: in chunks and ranges, and by reference."""

import argparse
import contextlib
import hashlib
import signal
import sys
import tempfile
from pathlib import Path

from examples.large_files import by_reference, tables
from examples.large_files.transfer import Transfer
from examples.sales_report import emulator
from examples.sales_report.calls import Connector, DemoFailed
from examples.sales_report.connectors import as_api_url
from examples.sales_report.transcript import heading, say

SUMS = Path(__file__).resolve().parent / "steps" / "sums.py"
RUN_SECONDS = 200


def main() -> int:
    """Returns 0 if every step succeeded, 1 if one failed, 130 after Ctrl-C."""
    arguments = parse_arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that an emulator started here is stopped too
    try:
        with tempfile.TemporaryDirectory() as folder:
            if arguments.url is not None:
                play(arguments.url, arguments, Path(folder))
                say("Files by reference are not shown: they need the storage of an emulator that this demo starts.")
            else:
                with emulator.running("--storage-port", "0", "--imports", folder) as started:
                    play(started.api_url, arguments, Path(folder))
                    by_reference.play(started, Path(folder), arguments.bytes)
    except DemoFailed as failure:
        print(f"\nThe demo failed: {failure}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nInterrupted.", file=sys.stderr)
        return 130
    return 0


def play(url: str, arguments: argparse.Namespace, folder: Path) -> None:
    """Upload, sum and download. Raises DemoFailed if the sums or the downloaded file are wrong."""
    api_url, key = as_api_url(url), arguments.key
    with (
        contextlib.closing(Transfer(api_url, key, arguments.chunk_bytes)) as transfer,
        Connector(api_url, key) as connector,
    ):
        play_in_chunks(connector, transfer, folder, arguments.rows, arguments.excel_rows)


def play_in_chunks(connector: Connector, transfer: Transfer, folder: Path, rows: int, excel_rows: int) -> None:
    heading("1. The files", f"A CSV file with {rows:,} rows and an Excel file with {excel_rows:,}, generated here.")
    csv, excel = folder / "sales.csv", folder / "more_sales.xlsx"
    units = tables.write_csv(csv, rows) + tables.write_excel(excel, excel_rows)
    say(f"\n{csv.name}: {csv.stat().st_size:,} bytes; {excel.name}: {excel.stat().st_size:,} bytes")

    heading("2. Chunked uploads", "PutFile begins each upload, and PatchUpload sends the chunks.\n")
    session_id = transfer.upload(csv, None)
    try:
        transfer.upload(excel, session_id)
        heading(
            "3. ExecutePythonCode", "In the session, pandas reads both files, sums them, and writes them to one file."
        )
        body = {
            "sessionId": session_id,
            "pythonCode": SUMS.read_text(encoding="utf-8"),
            "timeoutInSeconds": RUN_SECONDS,
        }
        execution = connector.call("POST", "/executions", body={**body, "waitInSeconds": RUN_SECONDS}).json()
        if execution["status"] != "Succeeded" or execution["value"]["units"] != dict(units):
            raise DemoFailed("the sums differ from those of the uploaded files.")

        heading("4. Download in ranges", "DownloadFile with the header Range, one range after the other.\n")
        downloaded = folder / "all_sales.csv"
        transfer.download(downloaded.name, session_id, downloaded)
        with downloaded.open("rb") as file:
            if hashlib.file_digest(file, "sha256").hexdigest() != execution["value"]["sha256"]:
                raise DemoFailed("the downloaded file differs from the one in the session.")
    finally:
        connector.call("DELETE", f"/sessions/{session_id}", expected_status=204)
    say(f"\n{downloaded.stat().st_size:,} bytes were downloaded, identical to the file in the session.")


def parse_arguments() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(prog="python -m examples.large_files", description=__doc__)
    parser.add_argument("--url", help="the URL of a connector with the setting SIGNING_KEY (default: start one)")
    parser.add_argument("--key", help="the function key, if the connector requires one")
    parser.add_argument(
        "--rows", type=int, default=500_000, help="number of rows of the CSV file (default: %(default)s)"
    )
    parser.add_argument(
        "--excel-rows", type=int, default=50_000, help="number of rows of the Excel file (default: %(default)s)"
    )
    parser.add_argument(
        "--chunk-bytes", type=int, help="size of a chunk (default: the size that the connector recommends)"
    )
    parser.add_argument(
        "--bytes", type=int, default=1_000_000_000, help="size of the file by reference (default: %(default)s)"
    )
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())

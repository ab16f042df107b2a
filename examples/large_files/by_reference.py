"""A large file by reference: imported from storage, summed, and exported again. Its bytes pass through no message.

An import or export that takes longer than its first response is continued by polls of `Location`, as Logic Apps does.
"""

import time
from pathlib import Path
from typing import Any

import requests

from examples.large_files import tables
from examples.large_files.memory import Memory
from examples.sales_report.calls import Connector, DemoFailed, JsonObject, is_on_this_machine
from examples.sales_report.emulator import Emulator
from examples.sales_report.transcript import heading, say

STEPS = Path(__file__).resolve().parent / "steps"
RUN_SECONDS = 200
FIRST_WAIT_SECONDS = 3
BLOCK_ROWS = 100_000


def play(emulator: Emulator, imports: Path, size: int) -> None:
    """`imports` is the folder of the emulator's container `imports`. Raises DemoFailed if the sums, the imported or the
    exported bytes are wrong.
    """
    heading("5. A file in storage", f"A CSV file with about {size:,} bytes, in the container of files to import.")
    csv = imports / "sales.csv"
    units, digest = tables.write_repeated_csv(csv, size, BLOCK_ROWS)
    say(f"\n{csv.name}: {csv.stat().st_size:,} bytes")
    with Connector(emulator.api_url) as connector, Memory(emulator.process_id) as memory:
        heading("6. ImportFile", "The connector copies the blob in parts, and each poll of Location continues.")
        blob_url = f"{emulator.announced['imports'].rpartition('/')[0]}/{csv.name}"
        session_id = import_file(connector, blob_url)
        try:
            heading("7. ExecutePythonCode", "In the session, pandas reads the file a million rows at a time.")
            sums = run(connector, session_id, "daily_sums.py")
            if sums != {"units": dict(units), "sha256": digest}:
                raise DemoFailed("the imported file or its sums differ from what was generated.")

            heading("8. ExportFile", "The result and, to compare all of its bytes, the large file, as blobs.")
            for name in ("daily_sums.csv", csv.name):
                body: JsonObject = {"sessionId": session_id, "fileName": name, "waitInSeconds": FIRST_WAIT_SECONDS}
                exported = transfer(connector, "/exports", {**body, "blobName": f"demo/{name}", "ifExists": "replace"})
        finally:
            connector.call("DELETE", f"/sessions/{session_id}", expected_status=204)
        heading("9. Another session", "It imports the blob that was exported, and computes its hash.")
        session_id = import_file(connector, exported["blobUrl"])
        try:
            if run(connector, session_id, "digest.py")["sha256"] != digest:
                raise DemoFailed("the exported blob differs from the file that was imported.")
        finally:
            connector.call("DELETE", f"/sessions/{session_id}", expected_status=204)
    say("\nDone. All bytes are identical to the generated ones.")
    say(f"The emulator's process, with connector and storage, took {memory.first:.0f} MB of memory before and")
    say(f"{memory.most:.0f} MB at most.")


def import_file(connector: Connector, blob_url: str) -> str:
    """Imports a blob into a new session. Returns the session's ID."""
    body: JsonObject = {"blobUrl": blob_url, "waitInSeconds": FIRST_WAIT_SECONDS}
    return str(transfer(connector, "/imports", body)["sessionId"])


def transfer(connector: Connector, path: str, body: JsonObject) -> Any:
    """Begins a transfer, and polls Location to its end, without the connector's key. Returns its result."""
    began = time.monotonic()
    response = connector.call("POST", path, body=body, expected_status=(200, 202))
    with requests.Session() as http:
        http.trust_env = not is_on_this_machine(connector.api_url)
        while response.status_code == 202:
            progress = response.json()
            say(f"    202: {progress['received'] / 1e6:,.0f} of {progress['size'] / 1e6:,.0f} MB; poll Location")
            time.sleep(float(response.headers["Retry-After"]))
            response = http.get(response.headers["Location"], timeout=230)
    if response.status_code != 200:
        raise DemoFailed(f"a poll returned {response.status_code}: {response.text[:300]}")
    result = response.json()
    size = sum(file["size"] for file in result.get("files", [result]))
    seconds = time.monotonic() - began
    say(f"    200: {size:,} bytes in {seconds:.1f} s, {size / 1e6 / seconds:.0f} MB/s")
    return result


def run(connector: Connector, session_id: str, step: str) -> Any:
    """The value of the code of a step. Raises DemoFailed."""
    code = (STEPS / step).read_text(encoding="utf-8")
    body = {"sessionId": session_id, "pythonCode": code, "timeoutInSeconds": RUN_SECONDS}
    execution = connector.call("POST", "/executions", body={**body, "waitInSeconds": RUN_SECONDS}).json()
    if execution["status"] != "Succeeded":
        raise DemoFailed("the run did not succeed.")
    return execution["value"]

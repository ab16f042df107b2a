"""The memory and speed of 300 MB to Blob Storage and back, in the parts that transfers have.

The process that is measured is another one than the storage: the emulator's, or that at `--url` with the token in the
environment variable STORAGE_TOKEN, such as Azurite.
"""

import argparse
import hashlib
import json
import os
import re
import secrets
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from connector.storage.containers import Container
from emulator.blob_storage.server import AUDIENCE, BlobStorageServer
from emulator.session_pool.wire.tokens import TokenAuthority

from .figures import Figure, table
from .pool_program import ROOT, with_repository

MB = 1_000_000
PART_BYTES = 32 << 20


class Credential:
    def token(self, deadline: object = None) -> str:
        return os.environ["STORAGE_TOKEN"]

    def renew(self, rejected: str) -> bool:
        return False


def copy(url: str, size: int) -> None:
    """Prints the figures of each direction as JSON. Raises AssertionError for other bytes than those sent."""
    container, name = Container(url, Credential()), f"benchmark/{secrets.token_hex(8)}"
    part = secrets.token_bytes(PART_BYTES)
    last = part[: size % PART_BYTES]
    ends = [(first, min(first + PART_BYTES, size)) for first in range(0, size, PART_BYTES)]
    ids = [f"{number:05}" for number in range(len(ends))]
    sent, received = hashlib.sha256(), hashlib.sha256()
    for first, end in ends:
        sent.update(part if end - first == PART_BYTES else last)

    def up() -> None:
        for block_id, (first, end) in zip(ids, ends, strict=True):
            container.put_block(name, block_id, part if end - first == PART_BYTES else last)

    def down() -> None:
        for first, end in ends:
            received.update(container.read_range(name, first, end - 1, etag=etag))

    uploaded = _measured(up)
    etag = container.commit(name, ids, content_type="application/octet-stream")
    downloaded = _measured(down)
    container.delete(name)
    assert sent.digest() == received.digest()
    print(json.dumps([uploaded, downloaded]))


def _measured(work: Callable[[], None]) -> tuple[float, float]:
    """The seconds, and the memory at the peak beyond that before, in bytes."""
    Path("/proc/self/clear_refs").write_text("5")  # the peak is counted from here
    before, began = _memory("VmRSS"), time.perf_counter()
    work()
    return time.perf_counter() - began, _memory("VmHWM") - before


def _memory(name: str) -> int:
    found = re.search(rf"{name}:\s+(\d+) kB", Path("/proc/self/status").read_text())
    assert found is not None
    return int(found[1]) * 1024


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.blob_storage", description=__doc__)
    parser.add_argument("--url", help="that of a container; otherwise, the emulator's storage is started")
    parser.add_argument("--megabytes", type=int, default=300)
    parser.add_argument("--copy", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.copy:
        copy(options.url, options.megabytes * MB)
        return 0
    if options.url:
        return _report(options.url, options.megabytes, {})
    authority = TokenAuthority()
    server = BlobStorageServer(authority)
    server.start()
    try:
        token = authority.issue(AUDIENCE)[0]
        return _report(server.container_url("files"), options.megabytes, {"STORAGE_TOKEN": token})
    finally:
        server.stop()


def _report(url: str, megabytes: int, environment: dict[str, str]) -> int:
    command = [sys.executable, "-m", "benchmarks.blob_storage", "--copy", "--url", url, "--megabytes", str(megabytes)]
    completed = subprocess.run(
        command, cwd=ROOT, env=with_repository({**os.environ, **environment}), stdout=subprocess.PIPE, check=True
    )
    figures = []
    for direction, (seconds, grown) in zip(("to", "from"), json.loads(completed.stdout), strict=True):
        name = f"{megabytes:,} MB {direction} storage, in parts of 32 MiB"
        figures.append(Figure(f"{name}: speed", "MB/s", [megabytes / seconds]))
        figures.append(Figure(f"{name}: additional memory", "MB", [grown / MB], [1.2 * PART_BYTES / MB]))
    print(table(figures))
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""The memory and time that files cost the process that runs the connector's functions. Instances have little memory.

Each case is a separate process that is called as the Functions worker calls an app, with a session pool in another
process. The figure is its peak memory above the level before the call, which includes the body of the request.
"""

import argparse
import json
import secrets
import subprocess
import sys

from emulator.session_pool.wire.identity_endpoint import IdentityEndpoint
from emulator.session_pool.wire.tokens import TokenAuthority

from .figures import Figure, table
from .pool_program import ROOT, PoolProgram, with_repository

MB = 1_000_000
CASES = (
    ("PutFile, 90 MB of raw bytes", "put", 90, 0.3 * 90),
    ("UploadFile, 74 MB as base64 in JSON", "upload_json", 74, 4.0 * 74),
    ("UploadFile, 90 MB as multipart", "upload_form", 90, None),
    ("DownloadFile, 90 MB", "download", 90, 1.1 * 90),
    ("PatchUpload, 300 MB in chunks of 32 MiB", "upload_chunks", 300, 2.0 * 33.6),
    ("PatchUpload, 1,000 MB", "upload_chunks", 1000, 2.0 * 33.6),
    ("PutFile, 16 concurrent, 90 MB each, with bodies", "concurrent_puts", 90, None),
    ("PatchUpload, 16 concurrent, 100 MB each, with chunks", "concurrent_chunked_uploads", 100, 16 * 1.2 * 33.6),
    ("DownloadFile, 300 MB in ranges of 32 MiB", "download_ranges", 300, 2.0 * 33.6),
    ("DownloadFile, 1,000 MB in ranges", "download_ranges", 1000, 2.0 * 33.6),
)
"""Name, job of functions_program, size in megabytes, and the goal for additional memory in megabytes."""


def measured(environment: dict[str, str], job: str, megabytes: int) -> tuple[float, float]:
    """The additional memory at the peak, in megabytes, and the seconds. Raises CalledProcessError."""
    command = [sys.executable, "-m", "benchmarks.functions_program", f"{job}={megabytes}"]
    completed = subprocess.run(
        command, cwd=ROOT, env=with_repository(environment), stdout=subprocess.PIPE, text=True, check=True
    )
    result = json.loads(completed.stdout.splitlines()[-1])
    return result["grown"] / MB, result["seconds"]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.files", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="omit the files of 1,000 MB")
    quick = parser.parse_args().quick
    figures = []
    identity = IdentityEndpoint(TokenAuthority())
    identity.start()
    try:
        with PoolProgram("--max-sessions", "100") as pool:
            environment = {
                **identity.environment,
                "POOL_MANAGEMENT_ENDPOINT": pool.url,
                "SIGNING_KEY": secrets.token_urlsafe(32),
            }
            for name, job, megabytes, goal in CASES:
                if not quick or megabytes < 1000:
                    grown, seconds = measured(environment, job, megabytes)
                    figures.append(
                        Figure(f"{name}: additional memory", "MB", [grown], None if goal is None else [goal])
                    )
                    figures.append(Figure(f"{name}: time", "s", [seconds]))
    finally:
        identity.stop()
    print(table(figures))
    return 0


if __name__ == "__main__":
    sys.exit(main())

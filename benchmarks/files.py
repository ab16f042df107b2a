"""What files cost the process that runs the connector's functions, above all in memory: instances have little.

Each line is a process of its own that is called as the Functions worker calls an app, in front of a session pool in
another process. Its peak is what counts, beyond the request's body, which the worker holds already.
"""

import argparse
import json
import subprocess
import sys

from emulator.session_pool.wire.identity_endpoint import IdentityEndpoint
from emulator.session_pool.wire.tokens import TokenAuthority

from .figures import Figure, table
from .pool_program import ROOT, PoolProgram, with_repository

MB = 1_000_000
CASES = (
    ("PutFile, 90 MB as they are", "put", 90, 0.3 * 90),
    ("UploadFile, 74 MB as base64 in JSON", "upload_json", 74, 4.0 * 74),
    ("UploadFile, 90 MB as multipart", "upload_form", 90, None),
    ("DownloadFile, 90 MB", "download", 90, 1.1 * 90),
    ("PatchUpload, 300 MB by parts of 32 MiB", "upload_parts", 300, 2.0 * 33.6),
    ("PatchUpload, 1,000 MB", "upload_parts", 1000, 2.0 * 33.6),
    ("PutFile, 16 of 90 MB at once, with their bodies", "puts_at_once", 90, None),
    ("PatchUpload, 16 of 100 MB at once, with the parts", "upload_parts_at_once", 100, 16 * 1.2 * 33.6),
    ("DownloadFile, 300 MB by parts of 32 MiB", "download_parts", 300, 2.0 * 33.6),
    ("DownloadFile, 1,000 MB by parts", "download_parts", 1000, 2.0 * 33.6),
)
"""What is shown, the job of functions_program, megabytes, and how many more the process may hold."""


def measured(environment: dict[str, str], job: str, megabytes: int) -> tuple[float, float]:
    """Megabytes by which the process grew at its peak, and seconds. Raises CalledProcessError."""
    command = [sys.executable, "-m", "benchmarks.functions_program", f"{job}={megabytes}"]
    done = subprocess.run(
        command, cwd=ROOT, env=with_repository(environment), stdout=subprocess.PIPE, text=True, check=True
    )
    told = json.loads(done.stdout.splitlines()[-1])
    return told["grown"] / MB, told["seconds"]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.files", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="without the files of 1,000 MB")
    quick = parser.parse_args().quick
    figures = []
    identity = IdentityEndpoint(TokenAuthority())
    identity.start()
    try:
        with PoolProgram("--max-sessions", "100") as pool:
            environment = {
                **identity.environment,
                "POOL_MANAGEMENT_ENDPOINT": pool.url,
                "SIGNING_KEY": "a key that only this benchmark has",
            }
            for name, job, megabytes, most in CASES:
                if not quick or megabytes < 1000:
                    grown, seconds = measured(environment, job, megabytes)
                    figures.append(Figure(f"{name}: more memory", "MB", [grown], None if most is None else [most]))
                    figures.append(Figure(f"{name}: time", "s", [seconds]))
    finally:
        identity.stop()
    print(table(figures))
    return 0


if __name__ == "__main__":
    sys.exit(main())

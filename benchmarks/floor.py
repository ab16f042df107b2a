"""The costs of the machine itself, without any server: a fork with libraries imported, a message between processes.

`python -m benchmarks.floor COUNT` prints both as JSON, each as a list of milliseconds. It is a separate program,
because the cost of a fork depends on the size of the process.
"""

import gc
import importlib
import json
import os
import socket
import subprocess
import sys

from .pool_program import ROOT, with_repository
from .quantiles import milliseconds

_LIBRARIES = ("numpy", "pandas", "matplotlib.pyplot")


def measured(count: int) -> dict[str, list[float]]:
    """Run the program. Returns the durations of `fork` and `socketpair`, in milliseconds."""
    environment = with_repository({"OPENBLAS_NUM_THREADS": "1", "MPLBACKEND": "agg"})
    command = [sys.executable, "-m", "benchmarks.floor", str(count)]
    printed = subprocess.run(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, check=True).stdout
    return dict(json.loads(printed))


def _fork_and_wait() -> None:
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)


def _round_trips(count: int) -> list[float]:
    ours, theirs = socket.socketpair()
    pid = os.fork()
    if pid == 0:
        ours.close()
        while message := theirs.recv(64):
            theirs.sendall(message)
        os._exit(0)
    theirs.close()

    def round_trip() -> None:
        ours.sendall(b"message")
        ours.recv(64)

    taken = [milliseconds(round_trip) for _ in range(count)]
    ours.close()
    os.waitpid(pid, 0)
    return taken


def main() -> None:
    count = int(sys.argv[1])
    for library in _LIBRARIES:
        importlib.import_module(library)
    gc.collect()
    gc.freeze()
    print(
        json.dumps(
            {"fork": [milliseconds(_fork_and_wait) for _ in range(count)], "socketpair": _round_trips(20 * count)}
        )
    )


if __name__ == "__main__":
    main()

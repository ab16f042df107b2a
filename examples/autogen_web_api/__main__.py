"""make autogen: the app on this machine, with a connector and an emulator of the session pool.

With CONNECTOR_URL set, it uses that connector and starts none.
"""

import argparse
import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import uvicorn

REPOSITORY = Path(__file__).resolve().parents[2]

GRACE_SECONDS = 2
"""For the answers in progress when it is stopped. A run can take minutes, and is canceled after that."""


class StartFailed(Exception):
    """The emulator did not start. It has printed the reason."""


def main() -> int:
    """Run until Ctrl-C or SIGTERM. Returns 0 then, and 1 if it could not start."""
    options = _parser().parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # so that the emulator is stopped too
    try:
        with contextlib.ExitStack() as stack:
            if not os.environ.get("CONNECTOR_URL"):
                os.environ.update(stack.enter_context(_emulator(options.emulator_python)))
            config = uvicorn.Config(
                f"{__package__}.main:app",
                host="127.0.0.1",
                port=options.port,
                access_log=False,
                log_level="warning",
                timeout_graceful_shutdown=GRACE_SECONDS,
            )
            server = _AnnouncedServer(config)
            server.run()
            return 0 if server.started else 1
    except StartFailed as failure:
        print(failure, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        pass
    return 0


class _AnnouncedServer(uvicorn.Server):
    """Prints the app's addresses when they answer: loading AutoGen takes some seconds."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            address = f"http://{self.config.host}:{self.config.port}"
            print(f"app            {address}/docs")
            print(f"try            curl -G {address}/chat --data-urlencode 'message=What time is it right now?'")
            print("stop with Ctrl-C", flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m examples.autogen_web_api", description=__doc__)
    parser.add_argument("--port", type=int, default=8000, help="port of the app (default 8000)")
    parser.add_argument(
        "--emulator-python",
        default=sys.executable,
        help="a Python that has the emulator's packages (default: the one that runs this)",
    )
    return parser


@contextlib.contextmanager
def _emulator(python: str) -> Iterator[dict[str, str]]:
    """A connector with an emulator, on free ports, which requires a key as on Azure. Yields the settings for it."""
    # In a process group of its own: Ctrl-C then reaches only this process, which ends the sessions before the emulator.
    process = subprocess.Popen(
        [python, "-m", "emulator", "--keys", "--port", "0", "--pool-port", "0"],
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        text=True,
        process_group=0,
    )
    try:
        assert process.stdout is not None
        output = _until_ready(process.stdout)
        threading.Thread(target=_drain, args=[process.stdout], daemon=True).start()
        yield {"CONNECTOR_URL": output["connector"], "CONNECTOR_KEY": output["function key"]}
    finally:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
            process.send_signal(number)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(timeout=5)
                break


def _until_ready(lines: IO[str]) -> dict[str, str]:
    """What the emulator prints up to `ready`, as names and values. Prints it too, except for the key."""
    output = {}
    for line in lines:
        name, _, value = line.strip().partition("  ")
        output[name] = value.strip()
        if name in ("playground", "connector", "session pool", "isolation"):
            print(line.rstrip())
        if name == "ready":
            return output
    raise StartFailed("The emulator exited before it was ready. Its output above has the reason.")


def _drain(lines: IO[str]) -> None:
    """Read to the end: a process blocks when the pipe that it writes to is full."""
    for _ in lines:
        pass


if __name__ == "__main__":
    sys.exit(main())

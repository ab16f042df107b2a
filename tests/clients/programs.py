"""Programs of the emulator that clients call: started with options, read up to `ready`, and stopped with SIGTERM."""

import os
import signal
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


class Program:
    """A module of this repository, run by a Python that has its packages. `output` has its output before `ready`."""

    def __init__(self, module: str, *options: str, **settings: str) -> None:
        """`settings` are environment variables."""
        python = os.environ.get("POOL_PYTHON")
        if not python:
            pytest.exit(
                "POOL_PYTHON is not set. Set it to the path of a Python that has the emulator's packages.", returncode=2
            )
        self._module = module
        self._process = subprocess.Popen(
            [python, "-m", module, *options],
            cwd=ROOT,
            env={"PATH": os.environ["PATH"], **settings},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.output = self._read()

    def _read(self) -> dict[str, str]:
        output = {}
        assert self._process.stdout is not None
        for line in self._process.stdout:
            name, _, text = line.strip().partition("  ")
            output[name] = text.strip()
            if name == "ready":
                return output
        raise AssertionError(f"{self._module} did not start: {self._process.communicate()[1]}")

    def terminate(self) -> None:
        """Send SIGTERM. Call it once: a program that is exiting may not handle a second signal."""
        self._process.send_signal(signal.SIGTERM)

    def wait(self) -> None:
        """Wait for the exit; the exit code must be 0."""
        try:
            _, errors = self._process.communicate(timeout=20)
        finally:
            self._process.kill()
        code = self._process.returncode
        assert code == 0, f"{self._module} exited with {code}: {errors}"

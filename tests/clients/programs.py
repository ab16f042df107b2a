"""Programs of the emulator that clients call: started with options, read until they say `ready`, ended by SIGTERM."""

import os
import signal
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


class Program:
    """A module of this repository, run by the Python that has its packages. `told` is what it said before `ready`."""

    def __init__(self, module: str, *options: str) -> None:
        python = os.environ.get("POOL_PYTHON")
        if not python:
            pytest.exit("POOL_PYTHON is not set: the path of the Python that has the emulator's packages", returncode=2)
        self._module = module
        self._process = subprocess.Popen(
            [python, "-m", module, *options],
            cwd=ROOT,
            env={"PATH": os.environ["PATH"]},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.told = self._read()

    def _read(self) -> dict[str, str]:
        told = {}
        assert self._process.stdout is not None
        for line in self._process.stdout:
            name, _, text = line.strip().partition("  ")
            told[name] = text.strip()
            if name == "ready":
                return told
        raise AssertionError(f"{self._module} did not start: {self._process.communicate()[1]}")

    def ask_to_end(self) -> None:
        """Once: a program that is on its way out may not know what to do with a second signal."""
        self._process.send_signal(signal.SIGTERM)

    def wait_for_end(self) -> None:
        """It must be a good one."""
        try:
            _, said = self._process.communicate(timeout=20)
        finally:
            self._process.kill()
        code = self._process.returncode
        assert code == 0, f"{self._module} ended with {code}: {said}"

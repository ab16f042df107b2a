"""The connector in the emulator's Functions host, as a separate process with the settings that are deployed."""

import json
import subprocess
import sys
from types import TracebackType

from emulator.functions_host import FunctionsHost

from .pool_program import ROOT, with_repository

_DEPLOYED = ROOT / "infra" / "scenarios" / "default.snapshot.json"
_SETTINGS = ("PYTHON_THREADPOOL_THREAD_COUNT", "MEMORY_FOR_FILES_MB")


def deployed_settings() -> dict[str, str]:
    """Those of an instance's load, by name."""
    found: dict[str, str] = {}
    for resource in json.loads(_DEPLOYED.read_text())["predictedResources"]:
        found |= {name: value for name, value in resource.get("properties", {}).items() if name in _SETTINGS}
    return found


class HostProgram:
    """Runs during its `with` block. `url` includes the prefix of the routes."""

    def __init__(self, environment: dict[str, str]) -> None:
        self._environment = {**deployed_settings(), **environment}
        self.url = ""

    def __enter__(self) -> "HostProgram":
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.host_program"],
            cwd=ROOT,
            env=with_repository(self._environment),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert self._process.stdout is not None
        self.url = self._process.stdout.readline().strip()
        if not self.url:
            raise RuntimeError(f"the host did not start (exit code {self._process.wait()})")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.close()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:  # functions still run
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()

    @property
    def pid(self) -> int:
        return self._process.pid


def main() -> int:
    host = FunctionsHost(ROOT)
    host.start()
    print(f"{host.url}{host.prefix}", flush=True)
    sys.stdin.read()  # until the other end is closed
    host.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())

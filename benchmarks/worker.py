"""Apps in the genuine Python worker of Azure Functions, one process each.

`prepare` takes a checkout of github.com/Azure/azure-functions-python-worker (MIT), and needs a network on first use.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

from .pool_program import ROOT
from .processes import cpu_seconds

_ENVIRONMENT = ROOT / ".venv" / "benchmarks" / "worker"
_PACKAGES = ("grpcio", "grpcio-tools", "azurefunctions-extensions-base", "python-dateutil")
_HOST = Path(__file__).with_name("worker_host.py")
_IMPORT = re.compile(r"^(from|import) (FunctionRpc_pb2|identity|shared)\b", re.MULTILINE)
_HELLO = """import time

import azure.functions as func

app = func.FunctionApp(http_auth_level=func.AuthLevel.FUNCTION)


@app.function_name("Hello")
@app.route("hello", methods=["POST"])
def hello(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse(b'{"hello": "world"}', mimetype="application/json")


@app.function_name("Wait")
@app.route("wait", methods=["POST"])
def wait(req: func.HttpRequest) -> func.HttpResponse:
    time.sleep(0.005)
    return func.HttpResponse(b'{"hello": "world"}', mimetype="application/json")
"""
"""Functions that do nothing: one returns at once, and one waits about as long as a pool takes for `1+1`."""


def prepare(checkout: Path, environment: Path = _ENVIRONMENT) -> Path:
    """Makes an environment with the worker, unless it exists. Returns its folder. Raises CalledProcessError."""
    python, made = environment / "bin" / "python", environment / ".made"
    if made.exists():
        return environment
    print("installing the Functions worker in a virtual environment (only once)", file=sys.stderr)
    subprocess.run([sys.executable, "-m", "venv", str(environment)], check=True)
    requirements = ["-r", str(ROOT / "requirements.in")]
    install = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *requirements, *_PACKAGES]
    subprocess.run(install, check=True)
    package = environment / "worker" / "azure_functions_worker"
    shutil.copytree(checkout / "azure_functions_worker", package)
    protocol = package / "protos"
    sources = protocol / "_src" / "src" / "proto"
    names = ["FunctionRpc.proto", "identity/ClaimsIdentityRpc.proto", "shared/NullableTypes.proto"]
    make = [
        str(python),
        "-m",
        "grpc_tools.protoc",
        "-I",
        ".",
        f"--python_out={protocol}",
        f"--grpc_python_out={protocol}",
    ]
    subprocess.run([*make, *names], check=True, cwd=sources)
    for path in protocol.rglob("*_pb2*.py"):
        path.write_text(_IMPORT.sub(_absolute, path.read_text()))
    (environment / "hello").mkdir()
    (environment / "hello" / "function_app.py").write_text(_HELLO)
    (environment / "hello" / "host.json").write_text('{"version": "2.0"}')
    made.touch()
    return environment


def _absolute(found: re.Match[str]) -> str:
    if found[1] == "import":
        return f"from azure_functions_worker.protos import {found[2]}"
    return f"from azure_functions_worker.protos.{found[2]}"


class Worker:
    """An app in a worker of its own during the `with` block. `functions` are its functions' names."""

    def __init__(self, environment: Path, app: Path, settings: Mapping[str, str]) -> None:
        self._command = [str(environment / "bin" / "python"), str(_HOST), str(environment / "worker"), str(app)]
        self._settings = settings
        self.functions: list[str] = []
        self.loading_cpu_seconds = 0.0
        """Taken by the import of the app and of what it imports."""

    def __enter__(self) -> "Worker":
        environment = {**os.environ, **self._settings}
        self._process = subprocess.Popen(
            self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
        )
        started = self._read()
        self._pid, self.functions = started["pid"], started["functions"]
        self.loading_cpu_seconds = started["loadingCpuSeconds"]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(30)
        self._process.stdout.close()

    def call(self, operation: str, route: str, body: Mapping[str, Any]) -> tuple[float, dict[str, Any]]:
        """The milliseconds of a call, and its response. Raises RuntimeError for a status other than 200."""
        assert self._process.stdin is not None
        headers = {"content-type": "application/json", "host": "127.0.0.1", "user-agent": "benchmark"}
        call = {"operation": operation, "method": "POST", "url": f"http://127.0.0.1/api/{route}", "headers": headers}
        self._process.stdin.write(json.dumps({**call, "body": json.dumps(body)}) + "\n")
        self._process.stdin.flush()
        answer = self._read()
        if answer["status"] != 200:
            raise RuntimeError(f"{answer['status']} {answer['body'][:300]}")
        return answer["seconds"] * 1000, json.loads(answer["body"])

    @property
    def cpu_seconds(self) -> float:
        """Of all threads of the worker, so far."""
        return cpu_seconds(self._pid)

    def _read(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("the worker ended")
        return dict(json.loads(line))

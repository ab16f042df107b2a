"""The deployment package has the connector and nothing else, and works with only the packages of requirements.txt."""

import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

from azure_checks.deployment_package import packaged_files, write_package
from tests.clients.every_operation import ARGUMENTS

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = Path(__file__).with_name("packaged_app.py")
CONTRACT = yaml.safe_load((ROOT / "openapi.yaml").read_text(encoding="utf-8"))
ROUTES = {
    operation["operationId"]: (method.upper(), path)
    for path, item in CONTRACT["paths"].items()
    for method, operation in item.items()
    if method != "parameters"
}
COLD_START_CPU_SECONDS = 1.0
PACKAGE_BYTES = 1_000_000


def test_only_the_connector_is_packaged():
    """.funcignore leaves the app, its contract, its requirements and the host's settings, and nothing else."""
    found = {path.as_posix() for path in packaged_files(ROOT) if path.parts[0] != "connector"}
    assert found == {"function_app.py", "host.json", "openapi.yaml", "requirements.txt"}
    assert all(path.suffix != ".pyc" for path in packaged_files(ROOT))


def test_the_complete_connector_is_packaged():
    """No pattern of .funcignore that is meant for another folder excludes a file of connector/."""
    tracked = subprocess.run(["git", "ls-files", "connector"], cwd=ROOT, capture_output=True, text=True, check=True)
    assert set(tracked.stdout.split()) <= {path.as_posix() for path in packaged_files(ROOT)}


class Installed(NamedTuple):
    """The unpacked package, and a Python that has its requirements."""

    folder: Path
    python: Path
    zip_bytes: int


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    folder = tmp_path_factory.mktemp("deployed")
    write_package(ROOT, folder / "package.zip")
    with zipfile.ZipFile(folder / "package.zip") as package:
        package.extractall(folder / "app")
    subprocess.run([sys.executable, "-m", "venv", folder / "venv"], check=True, timeout=60)
    python = folder / "venv" / "bin" / "python"
    pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "-r", folder / "app" / "requirements.txt"], check=True, timeout=240)
    return Installed(folder / "app", python, (folder / "package.zip").stat().st_size)


class App:
    """The app, loaded from the package in a separate process."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self.started = self._read()

    def call(self, operation: str, **arguments: Any) -> dict[str, Any]:
        """Calls an operation with its arguments in the path, the query or the body, as the contract defines."""
        method, path = ROUTES[operation]
        route = {name: str(value) for name, value in arguments.items() if f"{{{name}}}" in path}
        others = {name: value for name, value in arguments.items() if name not in route}
        call = {
            "operation": operation,
            "method": method,
            "url": f"https://app.example/api{path.format(**route)}",
            "headers": {"Content-Type": "application/json"},
            "params": {} if method == "POST" else others,
            "route_params": route,
            "body": json.dumps(others) if method == "POST" else "",
        }
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(call) + "\n")
        self._process.stdin.flush()
        return self._read()

    def _read(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, "the app exited; its standard error is above"
        response: dict[str, Any] = json.loads(line)
        return response


def start(installed: Installed, environment: dict[str, str]) -> subprocess.Popen[str]:
    clean = {"PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "", **environment}
    command = [installed.python, "-W", "error::SyntaxWarning", PROGRAM, installed.folder]
    return subprocess.Popen(command, env=clean, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


@pytest.fixture(scope="module")
def app(installed: Installed, emulator: Any) -> Iterator[App]:
    with start(installed, emulator.environment) as process:
        try:
            yield App(process)
        finally:
            process.kill()


@pytest.mark.azure
@pytest.mark.timeout(400)
def test_every_operation_works_from_the_package(app, session_id):
    """With only requirements.txt installed, every operation for agents succeeds, and so do those without a key."""
    run = app.call("ExecutePythonCode", pythonCode="6 * 7", sessionId=session_id)
    assert json.loads(run["body"])["value"] == 42, run
    values = {
        "pythonCode": "1",
        "sessionId": session_id,
        "executionId": json.loads(run["body"])["executionId"],
        "files": [{"fileName": "a.txt", "fileContent": "aGVsbG8="}],
        "fileName": "a.txt",
    }
    operations = {name: (required | optional).keys() & values.keys() for name, required, optional in ARGUMENTS}
    assert all(required.keys() <= values.keys() for _, required, _ in ARGUMENTS), "add a value for the new argument"
    last = [name for name in operations if name.startswith(("Delete", "End"))]
    for name in [*(name for name in operations if name not in last), *last]:
        response = app.call(name, **{argument: values[argument] for argument in operations[name]})
        assert response["status"] < 300, (name, response)
    for name in ("GetHealth", "GetOpenApiDocument", "GetSwaggerDocument"):
        assert app.call(name)["status"] == 200


@pytest.mark.azure
@pytest.mark.timeout(400)
def test_the_package_has_every_function(app):
    """The worker finds a function for each operation of the contract."""
    assert set(ROUTES) <= set(app.started["functions"])


@pytest.mark.azure
@pytest.mark.timeout(400)
def test_the_package_is_small_and_starts_quickly(installed, emulator):
    """A cold start takes less than a second of CPU time to load and list the functions."""
    seconds = []
    for _ in range(4):  # the first one compiles the modules
        with start(installed, emulator.environment) as process:
            seconds.append(App(process).started["cpuSeconds"])
            process.kill()
    print(f"\npackage    {installed.zip_bytes:,} bytes, {len(list(packaged_files(ROOT)))} files")
    print(f"cold start {min(seconds[1:]):.2f} s of CPU time ({seconds[0]:.2f} s the first time)")
    assert installed.zip_bytes < PACKAGE_BYTES
    assert min(seconds[1:]) < COLD_START_CPU_SECONDS


@pytest.mark.azure
@pytest.mark.timeout(200)
@pytest.mark.parametrize("version", ["3.11", "3.12", "3.13"])
def test_requirements_resolve(version, tmp_path):
    """There are wheels for everything in requirements.txt, for each supported Python on Azure's Linux (x86_64)."""
    # pip install --dry-run would evaluate markers for the Python that pip runs in, and fall back to older releases.
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--dest", tmp_path]
    target = ["--only-binary=:all:", "--implementation", "cp", "--python-version", version]
    platforms = ["--platform", "manylinux2014_x86_64", "--platform", "manylinux_2_28_x86_64"]
    done = subprocess.run(
        [*pip, *target, *platforms, "-r", ROOT / "requirements.txt"], capture_output=True, text=True, timeout=180
    )
    assert done.returncode == 0, done.stderr
    wheels = dict(path.name.split("-")[:2] for path in tmp_path.glob("*.whl"))
    print(f"\nPython {version}: azure-functions {wheels['azure_functions']}, {len(wheels)} wheels")
    assert {"azure_functions", "azure_identity", "requests", "jsonschema", "pyyaml", "cryptography"} <= wheels.keys()

"""What is deployed: the connector and nothing else; and it works with the packages of requirements.txt alone."""

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

from azure_checks.deployment_package import packaged, write_package
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


def test_the_package_is_the_connector_alone():
    """.funcignore leaves the app, its contract, its requirements and the host's settings, and nothing else."""
    found = {path.as_posix() for path in packaged(ROOT) if path.parts[0] != "connector"}
    assert found == {"function_app.py", "host.json", "openapi.yaml", "requirements.txt"}
    assert all(path.suffix != ".pyc" for path in packaged(ROOT))


def test_the_package_has_all_of_the_connector():
    """No file of connector/ falls to a line of .funcignore that means another folder."""
    known = subprocess.run(["git", "ls-files", "connector"], cwd=ROOT, capture_output=True, text=True, check=True)
    assert set(known.stdout.split()) <= {path.as_posix() for path in packaged(ROOT)}


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
    """The app, loaded from the package in a process of its own."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self.started = self._read()

    def call(self, operation: str, **arguments: Any) -> dict[str, Any]:
        """Calls an operation with its arguments, wherever the contract puts them."""
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
        assert line, "the app ended; what it wrote on standard error stands above"
        found: dict[str, Any] = json.loads(line)
        return found


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
    """With requirements.txt alone, each operation that agents have answers, and so do those that need no key."""
    run = app.call("ExecutePythonCode", pythonCode="6 * 7", sessionId=session_id)
    assert json.loads(run["body"])["value"] == 42, run
    known = {
        "pythonCode": "1",
        "sessionId": session_id,
        "executionId": json.loads(run["body"])["executionId"],
        "files": [{"fileName": "a.txt", "fileContent": "aGVsbG8="}],
        "fileName": "a.txt",
    }
    operations = {name: (required | optional).keys() & known.keys() for name, required, optional in ARGUMENTS}
    assert all(required.keys() <= known.keys() for _, required, _ in ARGUMENTS), "a new argument: give it a value here"
    last = [name for name in operations if name.startswith(("Delete", "End"))]
    for name in [*(name for name in operations if name not in last), *last]:
        answer = app.call(name, **{argument: known[argument] for argument in operations[name]})
        assert answer["status"] < 300, (name, answer)
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
    """An instance that starts cold spends less than a second of processor time on loading and listing the functions."""
    seconds = []
    for _ in range(4):  # the first one compiles
        with start(installed, emulator.environment) as process:
            seconds.append(App(process).started["cpuSeconds"])
            process.kill()
    print(f"\npackage    {installed.zip_bytes:,} bytes, {len(list(packaged(ROOT)))} files")
    print(f"cold start {min(seconds[1:]):.2f} s of processor time ({seconds[0]:.2f} s the first time)")
    assert installed.zip_bytes < PACKAGE_BYTES
    assert min(seconds[1:]) < COLD_START_CPU_SECONDS


@pytest.mark.azure
@pytest.mark.timeout(200)
@pytest.mark.parametrize("version", ["3.11", "3.12", "3.13"])
def test_requirements_resolve(version, tmp_path):
    """Azure's Linux on x86_64 gets wheels of everything in requirements.txt, for each Python that is supported."""
    # pip install --dry-run would ask whether packages are for the Python that pip runs in, and fall back to old ones.
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

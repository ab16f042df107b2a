"""The deployment package has the connector and nothing else, and works with only the packages of requirements.txt.

Either Azure installs these packages; here, the Python that runs the tests does. Or they are in the package, for the
Python that infra/ deploys; then the Functions worker for that version runs it, if the machine has that Python.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml
from pathspec import GitIgnoreSpec

from azure_checks.deployment_package import packaged_files, write_package
from azure_checks.prebuilt_package import SITE_PACKAGES, deployed_python, download, write_prebuilt_package
from connector.recipes.catalog import recipes
from tests.clients.every_operation import ARGUMENTS

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = Path(__file__).with_name("packaged_app.py")
WORKER_PROGRAM = Path(__file__).with_name("packaged_app_313.py")
DEPLOYED = deployed_python(ROOT / "infra")
CONTRACT = yaml.safe_load((ROOT / "openapi.yaml").read_text(encoding="utf-8"))
ROUTES = {
    operation["operationId"]: (method.upper(), path)
    for path, item in CONTRACT["paths"].items()
    for method, operation in item.items()
    if method != "parameters"
}
LEFT_IN_THE_ROOT = {
    "the environment that `azd restore` creates": "code-interpreter-connector_env/bin/python",
    "an environment": ".venv/bin/python",
    "another environment": "venv/bin/python",
    "what building the project leaves": "build/lib/x.py",
    "its metadata": "code_interpreter_connector.egg-info/PKG-INFO",
    "azd's environments, with secrets": ".azure/dev/.env",
    "variables, with secrets": ".env",
    "settings, with secrets": "local.settings.json",
    "a package": "dist/prebuilt-package.zip",
    "compiled modules": "connector/__pycache__/app.cpython-313.pyc",
    "an editor's settings": ".idea/workspace.xml",
    "a folder's view": "connector/.DS_Store",
}
COLD_START_CPU_SECONDS = 1.0
PACKAGE_BYTES = 1_000_000


def test_only_the_connector_is_packaged():
    """.funcignore leaves the app, its contract, its requirements and the host's settings, and nothing else."""
    found = {path.as_posix() for path in packaged_files(ROOT) if path.parts[0] != "connector"}
    assert found == {"function_app.py", "host.json", "openapi.yaml", "requirements.txt"}
    assert all(path.suffix != ".pyc" for path in packaged_files(ROOT))


def test_the_package_is_small(package):
    """It is uploaded at each deployment, and unpacked in each instance."""
    print(f"\npackage    {package.stat().st_size:,} bytes, {len(list(packaged_files(ROOT)))} files")
    assert package.stat().st_size < PACKAGE_BYTES


@pytest.mark.parametrize("name", LEFT_IN_THE_ROOT.values(), ids=LEFT_IN_THE_ROOT)
def test_what_tools_leave_in_the_folder_is_not_packaged(name):
    """azd, pip, editors and package managers create such files and folders next to the app."""
    ignored = GitIgnoreSpec.from_lines((ROOT / ".funcignore").read_text(encoding="utf-8").splitlines())
    assert ignored.match_file(name)
    committed = GitIgnoreSpec.from_lines((ROOT / ".gitignore").read_text(encoding="utf-8").splitlines())
    assert committed.match_file(name)


def test_the_complete_connector_is_packaged():
    """No pattern of .funcignore for another folder excludes a file of connector/. The page's sources are not needed."""
    tracked = subprocess.run(["git", "ls-files", "connector"], cwd=ROOT, capture_output=True, text=True, check=True)
    packaged = {path.as_posix() for path in packaged_files(ROOT)}
    sources = "connector/playground/page/"
    assert {name for name in tracked.stdout.split() if not name.startswith(sources)} <= packaged
    assert [name for name in packaged if name.startswith(sources)] == []


def python_of_version(version: str) -> str | None:
    """A Python of this version that is installed here, on the PATH or by pyenv."""
    installed_by_pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")).glob(
        f"versions/{version}.*/bin/python"
    )
    for program in (shutil.which(f"python{version}"), *map(str, installed_by_pyenv)):
        # pyenv also puts a program on the PATH for versions that are not selected. It fails.
        if program and subprocess.run([program, "-c", "import ensurepip"], capture_output=True).returncode == 0:
            return program
    return None


class Installed(NamedTuple):
    """The unpacked package, a Python that has the packages it needs, and the program that runs the app."""

    folder: Path
    python: Path
    program: Path


def unpack(package: Path, target: Path) -> None:
    with zipfile.ZipFile(package) as archive:
        archive.extractall(target)


def create_venv(python: str, folder: Path, *requirements: str | Path) -> Path:
    subprocess.run([python, "-m", "venv", folder], check=True, timeout=60)
    pip = [folder / "bin" / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, *requirements], check=True, timeout=240)
    return folder / "bin" / "python"


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("package") / "package.zip"
    write_package(ROOT, path)
    return path


@pytest.fixture(scope="module")
def prebuilt(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("prebuilt") / "prebuilt.zip"
    write_prebuilt_package(ROOT, path, DEPLOYED)
    return path


@pytest.fixture(scope="module", params=["built", "prebuilt"])
def installed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    folder = tmp_path_factory.mktemp("deployed")
    if request.param == "built":
        unpack(request.getfixturevalue("package"), folder / "app")
        python = create_venv(sys.executable, folder / "venv", "-r", folder / "app" / "requirements.txt")
        return Installed(folder / "app", python, PROGRAM)
    found = python_of_version(DEPLOYED)
    if found is None:
        pytest.skip(f"Python {DEPLOYED} is not installed")
    unpack(request.getfixturevalue("prebuilt"), folder / "app")
    return Installed(
        folder / "app", create_venv(found, folder / "venv", "azure-functions-runtime>=1.3,<2"), WORKER_PROGRAM
    )


class App:
    """The app, loaded from the package in a separate process."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self.started = self._read()

    def call(self, operation: str, **arguments: Any) -> dict[str, Any]:
        """Calls an operation with its arguments in the path, the query or the body, as the contract defines."""
        method, path = ROUTES[operation]
        has_body = method in ("POST", "PUT")
        route = {name: str(value) for name, value in arguments.items() if f"{{{name}}}" in path}
        others = {name: value for name, value in arguments.items() if name not in route}
        call = {
            "operation": operation,
            "method": method,
            "url": f"https://app.example/api{path.format(**route)}",
            "headers": {"Content-Type": "application/json"},
            "params": {} if has_body else others,
            "route_params": route,
            "body": json.dumps(others) if has_body else "",
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
    command = [installed.python, "-W", "error::SyntaxWarning", installed.program, installed.folder]
    return subprocess.Popen(command, env=clean, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


@pytest.fixture(scope="module")
def app(installed: Installed, emulator: Any, storage: Any) -> Iterator[App]:
    with start(installed, {**emulator.environment, **storage.environment}) as process:
        try:
            yield App(process)
        finally:
            process.kill()


@pytest.mark.azure
@pytest.mark.timeout(400)
def test_every_operation_works_from_the_package(app, session_id, storage):
    """With only requirements.txt installed, every operation for agents succeeds, and so do those without a key."""
    storage.put("a.csv", b"region,amount\n")
    run = app.call("ExecutePythonCode", pythonCode="6 * 7", sessionId=session_id)
    assert json.loads(run["body"])["value"] == 42, run
    values = {
        "pythonCode": "1",
        "sessionId": session_id,
        "executionId": json.loads(run["body"])["executionId"],
        "files": [{"fileName": "a.txt", "fileContent": "aGVsbG8="}],
        "fileName": "a.txt",
        "blobName": f"{session_id}/a.txt",
        "blobUrl": f"{storage.server.container_url('imports')}/a.csv",
        "workspaceId": session_id,
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
def test_the_package_has_every_recipe(app):
    """Each is a prompt of the MCP server, with its code."""
    prompts = _asked(app, "prompts/list")["prompts"]
    assert [prompt["name"] for prompt in prompts] == [recipe.name for recipe in recipes()]
    for recipe in recipes():
        (message,) = _asked(app, "prompts/get", name=recipe.name)["messages"]
        assert recipe.python_code.strip() in message["content"]["text"]


def _asked(app: App, method: str, **params: Any) -> dict[str, Any]:
    """The result of a request to the MCP server."""
    response = app.call("CallMcpServer", jsonrpc="2.0", id=1, method=method, params=params)
    result: dict[str, Any] = json.loads(response["body"])["result"]
    return result


@pytest.mark.azure
@pytest.mark.timeout(400)
def test_the_package_has_every_function(app):
    """The worker finds a function for each operation of the contract."""
    assert set(ROUTES) <= set(app.started["functions"])


@pytest.mark.azure
@pytest.mark.timeout(400)
def test_the_package_starts_quickly(installed, emulator):
    """A cold start takes less than a second of CPU time to load and list the functions."""
    seconds = []
    for _ in range(4):  # the first one compiles the modules
        with start(installed, emulator.environment) as process:
            seconds.append(App(process).started["cpuSeconds"])
            process.kill()
    print(f"\ncold start {min(seconds[1:]):.2f} s of CPU time ({seconds[0]:.2f} s the first time)")
    assert min(seconds[1:]) < COLD_START_CPU_SECONDS


@pytest.mark.azure
@pytest.mark.timeout(200)
def test_the_prebuilt_package_fits_the_function_app(package, prebuilt):
    """It has the app, and packages for the app's Python alone, which chooses azure-functions 2.x."""
    names = set(zipfile.ZipFile(prebuilt).namelist())
    assert set(zipfile.ZipFile(package).namelist()) == {name for name in names if not name.startswith(SITE_PACKAGES)}
    compiled = [name for name in names if name.endswith(".so")]
    tags = {re.search(r"\.(cpython-\d+|abi3)[.-]", name)[1] for name in compiled}
    assert tags <= {f"cpython-{DEPLOYED.replace('.', '')}", "abi3"}
    for module in ("rpds/", "cryptography/", "_cffi_backend", "azure/functions/", "azure/identity/", "azure/core/"):
        assert any(name.startswith(f"{SITE_PACKAGES}/{module}") for name in names), module
    assert any(re.match(rf"{SITE_PACKAGES}/azure_functions-2\.", name) for name in names)


@pytest.mark.azure
@pytest.mark.timeout(200)
@pytest.mark.parametrize("version", ["3.11", "3.12", "3.13"])
def test_wheels_exist(version, tmp_path):
    """There are wheels for everything in requirements.txt, for each supported Python on Azure's Linux (x86_64)."""
    download(ROOT / "requirements.txt", tmp_path, version)
    wheels = dict(path.name.split("-")[:2] for path in tmp_path.glob("*.whl"))
    print(f"\nPython {version}: azure-functions {wheels['azure_functions']}, {len(wheels)} wheels")
    assert {"azure_functions", "azure_identity", "requests", "jsonschema", "pyyaml", "cryptography"} <= wheels.keys()

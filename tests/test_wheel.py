"""`make wheel`: the session pool emulator as a package, installed without the rest of this project."""

import importlib.metadata
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import sysconfig
import tempfile
import tomllib
import venv
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
import requests
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "emulator" / "session_pool"
# Code in sessions can import it. requirements-emulator.txt does not list it, because requirements.in does.
FROM_CONNECTOR = {"requests"}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    """The wheel that `make wheel` builds, here with the installed build backend and without a network."""
    recipe = next(line for line in (ROOT / "Makefile").read_text().splitlines() if "pip wheel" in line)
    folder = tmp_path_factory.mktemp("dist")
    arguments = [str(folder) if word == "dist" else word for word in shlex.split(recipe.partition("-m ")[2])]
    before = set(PACKAGE.iterdir())
    subprocess.run([sys.executable, "-m", *arguments, "--no-build-isolation", "--no-index"], cwd=ROOT, check=True)
    assert set(PACKAGE.iterdir()) <= before | {PACKAGE / "__pycache__"}, "the build left files in the sources"
    (built,) = folder.iterdir()
    return built


@pytest.fixture(scope="module")
def described(wheel) -> importlib.metadata.Distribution:
    """The wheel's metadata."""
    (folder,) = (path for path in zipfile.Path(wheel).iterdir() if path.name.endswith(".dist-info"))
    return importlib.metadata.PathDistribution(folder)


@pytest.fixture(scope="module")
def installed(wheel, described) -> Iterator[Path]:
    """A new venv with the wheel and its dependencies, without this project and its other packages."""
    # On the file system of the packages, so that they can be linked, and readable for the user that sessions run as.
    parent = os.path.realpath(sys.prefix) if os.access(sys.prefix, os.W_OK) else None
    with tempfile.TemporaryDirectory(dir=parent, prefix="wheel-") as folder:
        os.chmod(folder, 0o755)
        venv.create(folder, symlinks=True)
        place = Path(sysconfig.get_path("purelib", "venv", {"base": folder, "installed_base": folder}))
        link_dependencies(described, place)
        pip = [sys.executable, "-m", "pip", "--python", folder, "--disable-pip-version-check", "install", "--quiet"]
        subprocess.run([*pip, "--no-deps", "--no-index", str(wheel)], check=True)
        yield Path(folder)


def link_dependencies(described: importlib.metadata.Distribution, place: Path) -> None:
    """Link the dependencies of the wheel to `place`, and theirs, and nothing else.

    The code must come from the wheel, but its dependencies can come from this environment, which avoids downloading
    hundreds of megabytes. A .pth file would not work: a session only sees the folders of its Python.
    """
    pending = [(described, "")]
    seen = set()
    while pending:
        distribution, extra = pending.pop()
        for text in distribution.requires or []:
            requirement = Requirement(text)
            if requirement.marker is not None and not requirement.marker.evaluate({"extra": extra}):
                continue
            for extra_of_requirement in requirement.extras or {""}:
                if (key := (canonicalize_name(requirement.name), extra_of_requirement)) not in seen:
                    seen.add(key)
                    dependency = importlib.metadata.distribution(requirement.name)
                    pending.append((dependency, extra_of_requirement))
                    link_files(dependency, place)


def link_files(distribution: importlib.metadata.Distribution, place: Path) -> None:
    for file in distribution.files or []:
        target = place / file
        if ".." in file.parts or target.exists():
            continue  # programs and manual pages
        target.parent.mkdir(parents=True, exist_ok=True)
        source = distribution.locate_file(file)
        with suppress(FileNotFoundError):  # compiled files may have been deleted
            try:
                os.link(source, target)
            except OSError:
                shutil.copy2(source, target)


@contextmanager
def running(installed: Path, *options: str) -> Iterator[tuple[subprocess.Popen[str], dict[str, str]]]:
    """The program of the wheel, started outside this project, and its output before `ready`."""
    program = [installed / "bin" / "session-pool-emulator", "--port", "0", *options]
    with subprocess.Popen(
        program, cwd="/", env={"PATH": "/usr/bin:/bin"}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            output: dict[str, str] = {}
            for line in process.stdout:
                name, _, text = line.strip().partition("  ")
                output[name] = text.strip()
                if name == "ready":
                    break
            else:
                raise AssertionError(process.communicate())
            yield process, output
        finally:
            process.kill()


def bounds(lines: list[str], extra: str = "") -> dict[str, str]:
    """The version bounds of each package in the lines of a requirements file, or of a wheel's metadata.

    Of a wheel's metadata, those of an extra, or those that are always installed.
    """
    stripped = [line.partition("#")[0].strip() for line in lines]
    requirements = [Requirement(line) for line in stripped if line and not line.startswith("-r")]
    wanted = [each for each in requirements if str(each.marker or "") == (f'extra == "{extra}"' if extra else "")]
    return {canonicalize_name(each.name): str(each.specifier) for each in wanted}


def test_wheel_contains_only_the_package(wheel):
    """Each module of emulator/session_pool, under the name of the package, and the metadata; no tests."""
    names = set(zipfile.ZipFile(wheel).namelist())
    metadata = {name for name in names if re.fullmatch(r"session_pool_emulator-[\w.]+\.dist-info/\w+(\.txt)?", name)}
    assert names - metadata == {f"session_pool_emulator/{path.relative_to(PACKAGE)}" for path in PACKAGE.rglob("*.py")}
    assert {name.rpartition("/")[2] for name in metadata} == {"METADATA", "RECORD", "WHEEL", "entry_points.txt"}


def test_wheel_has_the_dependencies_of_the_emulator(described):
    """With the same bounds, so that users of the wheel have the dependencies that the tests use."""
    actual = bounds(described.requires or [])
    emulator = bounds((ROOT / "requirements-emulator.txt").read_text().splitlines())
    connector = bounds((ROOT / "requirements.in").read_text().splitlines())
    assert actual == emulator | {name: connector[name] for name in FROM_CONNECTOR}


def test_wheel_has_an_extra_with_the_packages_of_make_run(described):
    """`session-pool-emulator[full]` installs what `make run PACKAGES=full` installs."""
    packages = bounds((ROOT / "requirements-packages.txt").read_text().splitlines())
    assert len(packages) > 20
    assert bounds(described.requires or [], extra="full") == packages


def test_wheel_metadata(described):
    """The versions of the package and of Python are those of the project, and the readme is that of the package."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    metadata = described.metadata
    assert (metadata["Name"], metadata["Version"]) == ("session-pool-emulator", project["version"])
    # The pool depends on details of the interpreter, so it has an upper limit too.
    assert set(metadata["Requires-Python"].split(",")) == {project["requires-python"], "<3.14"}
    assert metadata.get_payload().strip() == (PACKAGE / "README.md").read_text().strip()


def test_wheel_runs_without_this_project(installed):
    """Code runs and files persist, using only the venv of the wheel; SIGTERM stops the program cleanly."""
    with running(installed) as (process, output):
        with requests.Session() as client:
            client.trust_env = False
            client.headers["Authorization"] = f"Bearer {output['token']}"
            client.params = {"identifier": "trial-1", "api-version": "2025-10-02-preview"}

            def value(code: str) -> object:
                response = client.post(f"{output['session pool']}/executions", json={"code": code}, timeout=30)
                return response.json()["result"]["executionResult"]

            assert value("6 * 7") == 42
            assert value("import sys; sys.prefix") == str(installed)
            assert Path(value("import session_pool_emulator as it; it.__file__")).is_relative_to(installed.resolve())
            assert value("import importlib.util; importlib.util.find_spec('emulator') is None") is True
            assert value("import sklearn.cluster, scipy.optimize, openpyxl, PIL.Image, requests; 1") == 1
            files = f"{output['session pool']}/files"
            assert client.post(files, files={"file": ("a.txt", b"abc")}, timeout=30).status_code == 200
            listed = client.get(files, timeout=30).json()["value"]
            assert [(file["name"], file["sizeInBytes"]) for file in listed] == [("a.txt", 3)]
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=20)
    assert (process.returncode, errors) == (0, "")


def test_wheel_has_the_mcp_server(installed):
    """With --mcp, code runs over MCP, with nothing that the wheel does not require."""
    with running(installed, "--mcp") as (_, output), requests.Session() as client:
        client.trust_env = False
        client.headers["x-ms-apikey"] = output["mcp api key"]

        def call(tool: str, **arguments: str) -> dict[str, object]:
            params = {"name": tool, "arguments": arguments}
            message = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}
            result = client.post(output["mcp server"], json=message, timeout=30).json()["result"]
            content: dict[str, object] = result["structuredContent"]
            return content

        environment = str(call("launchShell")["environmentId"])
        ran = call("runPythonCodeInRemoteEnvironment", environmentId=environment, pythonCode="print(6 * 7)")
        assert ran["stdout"] == "42\n"


def test_program_uses_its_own_name(installed):
    """Help and usage errors have the name that was called, not that of a module of this project."""
    program = installed / "bin" / "session-pool-emulator"
    completed = subprocess.run([program, "--help"], cwd="/", capture_output=True, text=True, timeout=30)
    assert (completed.returncode, completed.stderr) == (0, "")
    assert completed.stdout.startswith("usage: session-pool-emulator [-h]")
    invalid = subprocess.run([program, "--port", "x"], cwd="/", capture_output=True, text=True, timeout=30)
    assert invalid.returncode == 2
    assert "session-pool-emulator: error: argument --port: " in invalid.stderr
    module = [installed / "bin" / "python", "-m", "session_pool_emulator", "--help"]
    completed = subprocess.run(module, cwd="/", capture_output=True, text=True, timeout=30)
    assert completed.stdout.startswith("usage: python -m session_pool_emulator [-h]")

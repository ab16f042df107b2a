"""`make wheel`: the session pool emulator as a package of its own, installed where nothing of this project is."""

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
# Code in sessions finds it, and the connector, which the emulator's own requirements build on, brings it too.
FROM_CONNECTOR = {"requests"}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    """What the command of `make wheel` writes, with the build backend that is installed here: no network is needed."""
    recipe = next(line for line in (ROOT / "Makefile").read_text().splitlines() if "pip wheel" in line)
    folder = tmp_path_factory.mktemp("dist")
    arguments = [str(folder) if word == "dist" else word for word in shlex.split(recipe.partition("-m ")[2])]
    before = set(PACKAGE.iterdir())
    subprocess.run([sys.executable, "-m", *arguments, "--no-build-isolation", "--no-index"], cwd=ROOT, check=True)
    assert set(PACKAGE.iterdir()) <= before | {PACKAGE / "__pycache__"}, "the build left something in the sources"
    (built,) = folder.iterdir()
    return built


@pytest.fixture(scope="module")
def described(wheel) -> importlib.metadata.Distribution:
    """The wheel's metadata."""
    (folder,) = (path for path in zipfile.Path(wheel).iterdir() if path.name.endswith(".dist-info"))
    return importlib.metadata.PathDistribution(folder)


@pytest.fixture(scope="module")
def installed(wheel, described) -> Iterator[Path]:
    """A fresh venv with the wheel and what it depends on, without this project and its other packages."""
    # Beside the packages that are linked, and as open to the user that sessions run as; elsewhere they are copied.
    parent = sys.prefix if os.access(sys.prefix, os.W_OK) else None
    with tempfile.TemporaryDirectory(dir=parent, prefix="wheel-") as folder:
        os.chmod(folder, 0o755)
        venv.create(folder, symlinks=True)
        place = Path(sysconfig.get_path("purelib", "venv", {"base": folder, "installed_base": folder}))
        link_dependencies(described, place)
        pip = [sys.executable, "-m", "pip", "--python", folder, "--disable-pip-version-check", "install", "--quiet"]
        subprocess.run([*pip, "--no-deps", "--no-index", str(wheel)], check=True)
        yield Path(folder)


def link_dependencies(described: importlib.metadata.Distribution, place: Path) -> None:
    """Puts what the wheel says that it needs into `place`, and what that needs, and no more.

    The code must come from the wheel, but its dependencies may be those of this environment: hundreds of megabytes that
    nobody should download again. A .pth file that leads here would not do: a session sees its own Python's folders.
    """
    todo = [(described, "")]
    seen = set()
    while todo:
        distribution, extra = todo.pop()
        for text in distribution.requires or []:
            needed = Requirement(text)
            if needed.marker is not None and not needed.marker.evaluate({"extra": extra}):
                continue
            for extra_of_needed in needed.extras or {""}:
                if (key := (canonicalize_name(needed.name), extra_of_needed)) not in seen:
                    seen.add(key)
                    found = importlib.metadata.distribution(needed.name)
                    todo.append((found, extra_of_needed))
                    link_files(found, place)


def link_files(distribution: importlib.metadata.Distribution, place: Path) -> None:
    for file in distribution.files or []:
        target = place / file
        if ".." in file.parts or target.exists():
            continue  # programs and manual pages
        target.parent.mkdir(parents=True, exist_ok=True)
        source = distribution.locate_file(file)
        with suppress(FileNotFoundError):  # compiled files may be gone
            try:
                os.link(source, target)
            except OSError:
                shutil.copy2(source, target)


@contextmanager
def running(installed: Path, *options: str) -> Iterator[tuple[subprocess.Popen[str], dict[str, str]]]:
    """The program that the wheel brings, started far from this project, and what it has printed."""
    program = [installed / "bin" / "session-pool-emulator", "--port", "0", *options]
    with subprocess.Popen(
        program, cwd="/", env={"PATH": "/usr/bin:/bin"}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            told: dict[str, str] = {}
            for line in process.stdout:
                name, _, text = line.strip().partition("  ")
                told[name] = text.strip()
                if name == "ready":
                    break
            else:
                raise AssertionError(process.communicate())
            yield process, told
        finally:
            process.kill()


def bounds(lines: list[str]) -> dict[str, str]:
    """The version bounds of each package that the lines of a requirements file, or of a wheel's metadata, name."""
    stripped = [line.partition("#")[0].strip() for line in lines]
    needed = [Requirement(line) for line in stripped if line and not line.startswith("-r")]
    return {canonicalize_name(each.name): str(each.specifier) for each in needed}


def test_it_holds_the_package_and_nothing_else(wheel):
    """Each module of emulator/session_pool under the package's own name, and what says what it is; no tests."""
    names = set(zipfile.ZipFile(wheel).namelist())
    about = {name for name in names if re.fullmatch(r"session_pool_emulator-[\w.]+\.dist-info/\w+(\.txt)?", name)}
    assert names - about == {f"session_pool_emulator/{path.relative_to(PACKAGE)}" for path in PACKAGE.rglob("*.py")}
    assert {name.rpartition("/")[2] for name in about} == {"METADATA", "RECORD", "WHEEL", "entry_points.txt"}


def test_it_depends_on_what_the_emulator_does(described):
    """With the same bounds: who installs the wheel gets what the tests were run with."""
    needed = bounds(described.requires or [])
    emulator = bounds((ROOT / "requirements-emulator.txt").read_text().splitlines())
    connector = bounds((ROOT / "requirements.txt").read_text().splitlines())
    assert needed == emulator | {name: connector[name] for name in FROM_CONNECTOR}


def test_it_says_what_it_is(described):
    """The version and the Pythons are the project's, and the page for readers is the one beside the code."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    about = described.metadata
    assert (about["Name"], about["Version"]) == ("session-pool-emulator", project["version"])
    assert set(about["Requires-Python"].split(",")) == set(project["requires-python"].split(","))
    assert about.get_payload().strip() == (PACKAGE / "README.md").read_text().strip()


def test_it_runs_where_nothing_of_this_project_is(installed):
    """Code runs and files are kept, all of it in the venv that the wheel was installed in; SIGTERM ends it well."""
    with running(installed) as (process, told):
        with requests.Session() as client:
            client.trust_env = False
            client.headers["Authorization"] = f"Bearer {told['token']}"
            client.params = {"identifier": "trial-1", "api-version": "2025-10-02-preview"}

            def value(code: str) -> object:
                answer = client.post(f"{told['session pool']}/executions", json={"code": code}, timeout=30)
                return answer.json()["result"]["executionResult"]

            assert value("6 * 7") == 42
            assert value("import sys; sys.prefix") == str(installed)
            assert Path(value("import session_pool_emulator as it; it.__file__")).is_relative_to(installed.resolve())
            assert value("import importlib.util; importlib.util.find_spec('emulator') is None") is True
            assert value("import sklearn.cluster, scipy.optimize, openpyxl, PIL.Image, requests; 1") == 1
            files = f"{told['session pool']}/files"
            assert client.post(files, files={"file": ("a.txt", b"abc")}, timeout=30).status_code == 200
            listed = client.get(files, timeout=30).json()["value"]
            assert [(file["name"], file["sizeInBytes"]) for file in listed] == [("a.txt", 3)]
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=20)
    assert (process.returncode, said) == (0, "")


def test_its_program_goes_by_its_own_name(installed):
    """Help and usage errors name what was called, not a module of this project."""
    program = installed / "bin" / "session-pool-emulator"
    shown = subprocess.run([program, "--help"], cwd="/", capture_output=True, text=True, timeout=30)
    assert (shown.returncode, shown.stderr) == (0, "")
    assert shown.stdout.startswith("usage: session-pool-emulator [-h]")
    wrong = subprocess.run([program, "--port", "x"], cwd="/", capture_output=True, text=True, timeout=30)
    assert wrong.returncode == 2
    assert "session-pool-emulator: error: argument --port: " in wrong.stderr
    module = [installed / "bin" / "python", "-m", "session_pool_emulator", "--help"]
    shown = subprocess.run(module, cwd="/", capture_output=True, text=True, timeout=30)
    assert shown.stdout.startswith("usage: python -m session_pool_emulator [-h]")

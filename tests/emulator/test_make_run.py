"""What `make run` would do, for each choice of packages for the code in sessions."""

import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def commands(tmp_path: Path) -> Callable[..., str]:
    """The commands of `make run` with these variables, in a clone that has installed nothing yet."""

    def dry_run(**variables: str) -> str:
        given = [f"{name}={value}" for name, value in {"VENV": str(tmp_path / "venv"), **variables}.items()]
        run = subprocess.run(["make", "-n", "run", *given], cwd=ROOT, capture_output=True, text=True, check=True)
        return run.stdout.replace(str(tmp_path), "").replace("\\\n", " ")

    return dry_run


def environment(commands: str) -> str:
    """The one that the emulator runs in."""
    (found,) = re.findall(r"^exec (\S+)/bin/python -m emulator", commands, re.MULTILINE)
    return str(found)


def installed(commands: str) -> list[str]:
    """The arguments of pip, without its options for output."""
    (line,) = re.findall(r"pip install --quiet --disable-pip-version-check (.+)", commands)
    return str(line).split()


def test_without_packages_the_environment_of_the_tests_is_used(commands):
    """And nothing but what the emulator needs is installed there."""
    printed = commands()
    assert environment(printed) == "/venv"
    assert installed(printed) == ["-r", "requirements-emulator.txt"]


def test_the_full_set_has_an_environment_of_its_own(commands):
    """It has what the emulator needs, too."""
    printed = commands(PACKAGES="full")
    assert environment(printed) == "/venv/packages/full"
    assert installed(printed) == ["-r", "requirements-emulator.txt", "-r", "'requirements-packages.txt'"]


def test_own_packages_are_requirements_and_files_of_them(commands, tmp_path):
    """In any number, with or without the full set; quoted, because a shell would redirect to a file at `>`."""
    (tmp_path / "my.txt").write_text("humanize\n")
    printed = commands(PACKAGES=f"humanize>=4 full {tmp_path}/my.txt six")
    assert installed(printed) == (
        "-r requirements-emulator.txt -r 'requirements-packages.txt' -r '/my.txt' 'humanize>=4' 'six'".split()
    )


def test_each_choice_is_installed_once(commands, tmp_path):
    """Another choice has another environment; the same one is only started, until one of its files changes."""
    choices = ("full", "six", "six full", f"{tmp_path}/my.txt")
    (tmp_path / "my.txt").write_text("humanize\n")
    environments = {choice: environment(commands(PACKAGES=choice)) for choice in choices}
    assert len(set(environments.values())) == len(choices)
    marker = tmp_path / environments[choices[-1]].removeprefix("/") / ".emulator"
    marker.parent.mkdir(parents=True)
    marker.touch()
    assert "pip install" not in commands(PACKAGES=choices[-1])
    changed = marker.stat().st_mtime + 10
    os.utime(tmp_path / "my.txt", (changed, changed))
    assert "pip install" in commands(PACKAGES=choices[-1])


def test_a_file_that_does_not_exist_is_reported(tmp_path):
    """By its name, before anything is installed."""
    command = ["make", "-n", "run", "PACKAGES=missing.txt", f"VENV={tmp_path}"]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode != 0
    assert "missing.txt" in run.stderr
    assert "pip" not in run.stdout

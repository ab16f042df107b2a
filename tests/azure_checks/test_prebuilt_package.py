"""The prebuilt package has the packages that the app's Python needs, whichever Python writes it.

test_deployment_package.py runs the app from it.
"""

import subprocess
import zipfile
from pathlib import Path

import pytest

from azure_checks import prebuilt_package
from azure_checks.prebuilt_package import SITE_PACKAGES, deployed_python, write_prebuilt_package

ROOT = Path(__file__).resolve().parents[2]


def write_wheel(folder: Path, name: str, *, files: tuple[str, ...]) -> None:
    with zipfile.ZipFile(folder / f"{name}-1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr(f"{name}-1.0.dist-info/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        for file in files:
            wheel.writestr(file, file)


LOCK_FILE = """\
newer==2.0 ; python_full_version >= '3.99' \\
    --hash=sha256:a \\
    --hash=sha256:b
    # via here
older==1.0 ; python_full_version < '3.99' --hash=sha256:c
windows==1.0 ; sys_platform == 'win32' --hash=sha256:d
"""


def test_the_packages_are_those_of_the_lock_file_for_the_python_of_the_app(tmp_path, monkeypatch):
    """Whichever Python runs pip, which checks the hashes and adds nothing."""
    (tmp_path / "requirements.txt").write_text(LOCK_FILE)
    commands = []
    monkeypatch.setattr(subprocess, "run", lambda command, check: commands.append((command, check)))
    (tmp_path / "wheels").mkdir()
    prebuilt_package.download(tmp_path / "requirements.txt", tmp_path / "wheels", "3.99")
    [(command, check)] = commands
    assert check and {"--require-hashes", "--no-deps"} <= set(command)
    chosen = Path(command[-1]).read_text().splitlines()
    assert chosen == ["newer==2.0 --hash=sha256:a --hash=sha256:b"]


def test_files_of_wheels_are_where_installing_them_would_put_them(tmp_path, monkeypatch):
    """Programs are omitted."""

    def download(lock_file, wheels, version):
        assert (lock_file, version) == (ROOT / "requirements.txt", "3.99")
        write_wheel(wheels, "first", files=("first/a.py", "first-1.0.data/scripts/x"))
        write_wheel(wheels, "second", files=("second-1.0.data/platlib/second/b.so",))

    monkeypatch.setattr(prebuilt_package, "download", download)
    write_prebuilt_package(ROOT, tmp_path / "dist" / "package.zip", "3.99")
    names = zipfile.ZipFile(tmp_path / "dist" / "package.zip").namelist()
    assert {name.removeprefix(f"{SITE_PACKAGES}/") for name in names if name.startswith(SITE_PACKAGES)} == {
        "first/a.py",
        "first-1.0.dist-info/METADATA",
        "second/b.so",
        "second-1.0.dist-info/METADATA",
    }
    assert {"function_app.py", "host.json"} <= set(names)


def test_the_python_of_the_app_is_one_that_the_project_supports(compiled):
    """Its version is the same in every scenario, and a classifier of pyproject.toml."""
    assert (
        f"Programming Language :: Python :: {deployed_python(ROOT / 'infra')}" in (ROOT / "pyproject.toml").read_text()
    )


@pytest.mark.parametrize("page", ["docs/deploy.md", "docs/verification.md"])
def test_pages_name_the_python_of_the_app(page):
    """docs/deploy.md shows its version in commands."""
    assert f"Python {deployed_python(ROOT / 'infra')}" in " ".join((ROOT / page).read_text(encoding="utf-8").split())

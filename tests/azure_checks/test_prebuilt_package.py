"""The prebuilt package has the packages that the app's Python needs, whichever Python writes it.

test_deployment_package.py runs the app from it.
"""

import sys
import zipfile
from pathlib import Path

import pytest

from azure_checks import prebuilt_package
from azure_checks.prebuilt_package import SITE_PACKAGES, deployed_python, missing_requirements, write_prebuilt_package

ROOT = Path(__file__).resolve().parents[2]


def write_wheel(folder: Path, name: str, *requires: str, files: tuple[str, ...] = ()) -> None:
    metadata = [f"Name: {name}", "Version: 1.0", *(f"Requires-Dist: {requirement}" for requirement in requires)]
    with zipfile.ZipFile(folder / f"{name}-1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr(f"{name}-1.0.dist-info/METADATA", "\n".join(["Metadata-Version: 2.1", *metadata, ""]))
        for file in files:
            wheel.writestr(file, file)


def test_conditions_are_evaluated_for_the_python_of_the_app(tmp_path):
    """pip evaluates them for the Python it runs in, and would omit what only the app's Python needs."""
    here = f"{sys.version_info.major}.{sys.version_info.minor}"
    write_wheel(
        tmp_path, "app", 'newer>=1; python_version >= "3.99"', 'here; python_version < "3.99"', 'x; extra == "x"'
    )
    write_wheel(tmp_path, "here")
    assert missing_requirements(tmp_path, here) == []
    assert missing_requirements(tmp_path, "3.99") == ["newer>=1"]


def test_missing_packages_are_downloaded_too(tmp_path, monkeypatch):
    """Until nothing is missing. Files of wheels are where installing them would put them; programs are omitted."""
    asked = []

    def download(requirements, wheels, version):
        asked.append((requirements, version))
        if requirements[0] == "-r":
            write_wheel(
                wheels, "first", 'second; python_version >= "3.99"', files=("first/a.py", "first-1.0.data/scripts/x")
            )
        else:
            write_wheel(wheels, "second", files=("second-1.0.data/platlib/second/b.so",))

    monkeypatch.setattr(prebuilt_package, "_download", download)
    write_prebuilt_package(ROOT, tmp_path / "dist" / "package.zip", "3.99")
    assert asked == [(["-r", str(ROOT / "requirements.txt")], "3.99"), (["second"], "3.99")]
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

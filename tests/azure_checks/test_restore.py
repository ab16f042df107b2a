"""`azd restore` runs `pip install .` if there is a pyproject.toml. It installs what the app needs, and nothing else."""

import importlib.metadata
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What pip builds and installs, here with the installed setuptools and without a network."""
    folder = tmp_path_factory.mktemp("restore")
    tracked = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True)
    for name in tracked.stdout.split("\0"):
        if name and (ROOT / name).is_file():
            (folder / "project" / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / "project" / name)
    pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--disable-pip-version-check", "--no-deps", "--no-index"]
    subprocess.run([*pip, "--no-build-isolation", "--wheel-dir", folder, folder / "project"], check=True, timeout=90)
    (built,) = folder.glob("*.whl")
    return built


def test_the_project_installs_no_module(wheel):
    """The app is deployed, not imported from an environment: an installed copy would be stale."""
    assert all(".dist-info/" in name for name in zipfile.ZipFile(wheel).namelist())


def test_the_project_installs_what_the_app_needs(wheel):
    """The dependencies are those of requirements.in."""
    (folder,) = (path for path in zipfile.Path(wheel).iterdir() if path.name.endswith(".dist-info"))
    described = importlib.metadata.PathDistribution(folder)
    lines = [line.partition("#")[0].strip() for line in (ROOT / "requirements.in").read_text().splitlines()]
    needed = {str(Requirement(line)) for line in lines if line}
    assert needed and {str(Requirement(text)) for text in described.requires or []} == needed

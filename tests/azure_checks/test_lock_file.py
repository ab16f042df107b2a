"""requirements.txt locks what is deployed; requirements.in has the bounds."""

import re
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from azure_checks.lock_file import locked_for, read

ROOT = Path(__file__).resolve().parents[2]
LOCK_FILE = ROOT / "requirements.txt"
BOUNDED = [ROOT / "requirements.in", *sorted(ROOT.glob("requirements-*.txt"))]


def requirements(path: Path) -> list[Requirement]:
    lines = [line.partition("#")[0].strip() for line in path.read_text().splitlines()]
    return [Requirement(line) for line in lines if line and not line.startswith("-r ")]


def test_every_package_is_locked_with_hashes():
    """To one version, and from no particular index."""
    for entry in read(LOCK_FILE):
        assert re.fullmatch(r"==[^*,]+", str(entry.requirement.specifier)), entry
        assert entry.requirement.url is None
        assert entry.hashes and all(re.fullmatch(r"--hash=sha256:[0-9a-f]{64}", text) for text in entry.hashes), entry
    assert "://" not in LOCK_FILE.read_text()


@pytest.mark.parametrize("version", ["3.11", "3.12", "3.13"])
def test_the_lock_file_fits_the_bounds(version):
    """Each package once. `make lock` writes it again after a change of the bounds."""
    locked = [entry.requirement for entry in locked_for(LOCK_FILE, version)]
    versions = {canonicalize_name(one.name): str(one.specifier).removeprefix("==") for one in locked}
    assert len(versions) == len(locked)
    for wanted in requirements(ROOT / "requirements.in"):
        assert wanted.specifier.contains(versions[canonicalize_name(wanted.name)]), f"{wanted}: run `make lock`"


@pytest.mark.parametrize("path", BOUNDED, ids=lambda path: path.name)
def test_every_requirement_has_an_upper_bound(path):
    """A new major version is tried before it is used."""
    for requirement in requirements(path):
        assert any(bound.operator in ("<", "<=", "==", "~=") for bound in requirement.specifier), requirement

"""The lock file, requirements.txt: exact versions with hashes of all packages that are deployed, for each Python.

`make lock` writes it from requirements.in.
"""

import re
from dataclasses import dataclass
from pathlib import Path

from packaging.requirements import Requirement


@dataclass(frozen=True)
class Locked:
    """One version of a package, and the hashes of its files."""

    requirement: Requirement
    hashes: tuple[str, ...]

    def line(self) -> str:
        """For a requirements file, without the condition."""
        return " ".join([f"{self.requirement.name}{self.requirement.specifier}", *self.hashes])


def read(path: Path) -> list[Locked]:
    """All entries of the lock file."""
    text = re.sub(r"#.*", "", path.read_text(encoding="utf-8")).replace("\\\n", " ")
    entries = []
    for line in filter(None, map(str.strip, text.splitlines())):
        requirement, *hashes = re.split(r"\s+(?=--hash=)", line)
        entries.append(Locked(Requirement(requirement), tuple(hashes)))
    return entries


def locked_for(path: Path, version: str) -> list[Locked]:
    """The entries for one version of Python, such as 3.13, on the function app's platform."""
    environment = {
        "implementation_name": "cpython",
        "platform_python_implementation": "CPython",
        "python_version": version,
        "python_full_version": f"{version}.0",
        "sys_platform": "linux",
        "platform_system": "Linux",
        "os_name": "posix",
        "platform_machine": "x86_64",
    }
    entries = read(path)
    return [one for one in entries if one.requirement.marker is None or one.requirement.marker.evaluate(environment)]

"""The pool's metadata: what is installed in its sessions, which run this machine's Python and packages."""

import functools
import importlib.metadata
import platform
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..sessions.pool import Pool


def metadata(pool: Pool) -> dict[str, Any]:
    """The service's members, plus `isolation`, which is the emulator's own."""
    return _metadata(pool) | {"isolation": {"level": pool.engine.level, "description": pool.engine.isolation}}


def _metadata(pool: Pool) -> dict[str, Any]:
    started = pool.started_at.replace(tzinfo=None).isoformat(timespec="microseconds")
    if pool.container_type == "Shell":
        release = {"NAME": platform.system(), "VERSION": platform.release(), **dict(_os_release())}
        return {
            "runtimes": [{"name": release["NAME"], "version": release["VERSION"]}],
            "preInstalledPackages": [{"name": name, "version": version} for name, version in _debian_packages()],
            "createdAt": started,
            "lastUpdatedAt": started,
        }
    packages = _python_packages()
    return {
        "runtimes": [{"name": "Python", "version": platform.python_version()}],
        "preInstalledPackages": [{"name": name, "version": packages[name]} for name in sorted(packages, key=str.lower)],
        "createdAt": started,
        "lastUpdatedAt": started,
        "jupyterKernel": {
            "name": "ipykernel",
            "version": packages["ipykernel"],
            "projectUrl": "https://github.com/ipython/ipykernel",
            "description": "IPython kernel, without sockets",
        },
    }


@functools.cache
def _python_packages() -> dict[str, str]:
    """Read once: that takes a tenth of a second."""
    return {package.metadata["Name"]: package.version for package in importlib.metadata.distributions()}


def _os_release() -> Iterator[tuple[str, str]]:
    try:
        lines = Path("/etc/os-release").read_text().splitlines()
    except OSError:
        return
    for line in lines:
        name, _, value = line.partition("=")
        yield name, value.strip('"')


@functools.cache
def _debian_packages() -> list[tuple[str, str]]:
    """The installed packages in dpkg's list; none on other systems."""
    return list(_read_debian_packages())


def _read_debian_packages() -> Iterator[tuple[str, str]]:
    try:
        paragraphs = Path("/var/lib/dpkg/status").read_text(errors="replace").split("\n\n")
    except OSError:
        return
    for paragraph in paragraphs:
        fields = dict(line.split(": ", 1) for line in paragraph.splitlines() if re.match(r"[\w-]+: ", line))
        if fields.get("Status", "").endswith(" installed"):
            yield fields.get("Package", ""), fields.get("Version", "")

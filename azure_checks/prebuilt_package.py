"""python -m azure_checks.prebuilt_package: zips the app together with its packages, so that Azure builds nothing.

The packages are those for the Python version and the platform of the function app, whichever Python runs this command.
"""

import re
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

from .compiled import read_compiled
from .deployment_package import write_package
from .lock_file import locked_for

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / "dist" / "prebuilt-package.zip"

SITE_PACKAGES = ".python_packages/lib/site-packages"
"""Where the Functions worker looks for packages, in the folder of the app."""

PLATFORMS = ("manylinux2014_x86_64", "manylinux_2_28_x86_64")
"""Wheels that run on the Flex Consumption plan: Linux on x86_64."""

_NOT_IN_SITE_PACKAGES = re.compile(r"[^/]+\.data/(?!purelib/|platlib/)")
_DATA_FOLDER = re.compile(r"[^/]+\.data/(purelib|platlib)/")


def main() -> int:
    version = deployed_python(ROOT / "infra")
    try:
        write_prebuilt_package(ROOT, TARGET, version)
    except subprocess.CalledProcessError as error:
        print(
            f"pip failed with {error.returncode}, and the package was not written. See pip's message.", file=sys.stderr
        )
        return 1
    print(f"wrote {TARGET.relative_to(ROOT)}: {TARGET.stat().st_size:,} bytes, with packages for Python {version}")
    return 0


def deployed_python(infra: Path) -> str:
    """The Python version of the function app, such as 3.13."""
    (version,) = {
        app["properties"]["functionAppConfig"]["runtime"]["version"]
        for snapshot in read_compiled(infra).snapshots.values()
        for app in snapshot.of_type("Microsoft.Web/sites")
    }
    return str(version)


def write_prebuilt_package(root: Path, target: Path, version: str) -> None:
    """Writes the deployment package with the packages for a Python version. Raises CalledProcessError if pip fails."""
    with tempfile.TemporaryDirectory() as folder:
        wheels = Path(folder)
        download(root / "requirements.txt", wheels, version)
        target.parent.mkdir(parents=True, exist_ok=True)
        write_package(root, target)
        with zipfile.ZipFile(target, "a", zipfile.ZIP_DEFLATED) as package:
            for wheel in sorted(wheels.glob("*.whl")):
                for name, content in _installed_files(wheel):
                    package.writestr(f"{SITE_PACKAGES}/{name}", content)


def download(lock_file: Path, wheels: Path, version: str) -> None:
    """Downloads the wheels of the lock file for the function app. Raises CalledProcessError, also for a wrong hash.

    `pip install --target` would not do: it takes no package that requires another Python than the one it runs in. And
    with --python-version, pip evaluates the conditions of requirements for the Python it runs in; so none are left.
    """
    chosen = wheels / "requirements.txt"
    chosen.write_text("".join(f"{one.line()}\n" for one in locked_for(lock_file, version)), encoding="utf-8")
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--dest", str(wheels)]
    tags = ["--only-binary=:all:", "--implementation", "cp", "--python-version", version]
    platforms = [option for platform in PLATFORMS for option in ("--platform", platform)]
    subprocess.run([*pip, *tags, *platforms, "--no-deps", "--require-hashes", "-r", str(chosen)], check=True)


def _installed_files(wheel: Path) -> Iterator[tuple[str, bytes]]:
    """Path in site-packages and content of each file that installing a wheel puts there."""
    with zipfile.ZipFile(wheel) as archive:
        for entry in archive.infolist():
            if not entry.is_dir() and not _NOT_IN_SITE_PACKAGES.match(entry.filename):
                yield _DATA_FOLDER.sub("", entry.filename, count=1), archive.read(entry)


if __name__ == "__main__":
    sys.exit(main())

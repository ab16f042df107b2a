"""The deployment package: this folder without what .funcignore excludes, as azd and Core Tools zip it."""

import os
import zipfile
from collections.abc import Iterator
from pathlib import Path

from pathspec import GitIgnoreSpec


def packaged_files(root: Path) -> Iterator[Path]:
    """The files that are deployed, relative to `root`, in order. .funcignore has the syntax of .gitignore."""
    ignored = GitIgnoreSpec.from_lines((root / ".funcignore").read_text(encoding="utf-8").splitlines())
    for folder, folders, files in os.walk(root):
        here = Path(folder).relative_to(root)
        # Ignored folders are not entered: walking .venv takes longer than everything else.
        folders[:] = sorted(name for name in folders if not ignored.match_file(f"{(here / name).as_posix()}/"))
        yield from (here / name for name in sorted(files) if not ignored.match_file((here / name).as_posix()))


def write_package(root: Path, target: Path) -> None:
    """Zips the files that are deployed."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as package:
        for path in packaged_files(root):
            package.write(root / path, path.as_posix())

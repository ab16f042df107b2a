"""Where the user's code runs: its working directory, its modules, and its programs."""

from __future__ import annotations

import os
import sys
from shutil import which

from ..protocol import DATA


def enter_data_folder() -> None:
    """In a new interpreter. Later runs keep a working directory that the code has chosen."""
    try:
        os.chdir(DATA)
    except OSError:
        pass  # it has been deleted


def make_importable() -> None:
    """Modules in the data folder, from wherever the code goes. They come last, and so hide no others."""
    if DATA not in sys.path:
        sys.path.append(DATA)


def make_python_callable() -> None:
    """Code starts `python` as a program, and some images have it only under its full path."""
    if which("python") is None and sys.executable:
        folders = [folder for folder in (os.environ.get("PATH"), os.path.dirname(sys.executable)) if folder]
        os.environ["PATH"] = os.pathsep.join(folders)

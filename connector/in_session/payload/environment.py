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
    """Code starts `python` as a program, and some images have it only under its full path. Its pip comes first, too."""
    if which("python") is None and sys.executable:
        folders = [folder for folder in (os.path.dirname(sys.executable), os.environ.get("PATH")) if folder]
        os.environ["PATH"] = os.pathsep.join(folders)


def make_pip_give_up() -> None:
    """Without a network, pip would try again for some time. What is set already is left as it is."""
    for name, value in {"PIP_RETRIES": "0", "PIP_DEFAULT_TIMEOUT": "5", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}.items():
        os.environ.setdefault(name, value)

"""The environment of programs that code starts. Variables that are set already are left as they are."""

from __future__ import annotations

import os
import shutil
import sys

from .host import installed_before

_PIP = {"PIP_RETRIES": "0", "PIP_DEFAULT_TIMEOUT": "5", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
"""Without network access, pip would otherwise try for up to a minute."""


def _prepare_environment() -> None:
    for name, value in _PIP.items():
        os.environ.setdefault(name, value)
    if shutil.which("python") is None:  # so that `!python` and `!pip` are those of this interpreter
        path = os.environ.get("PATH", os.defpath)
        os.environ["PATH"] = os.path.dirname(sys.executable) + os.pathsep + path


if installed_before is None:
    _prepare_environment()

"""Imports that fail: files of the session, packages that are not installed, and what is installed in their place."""

import difflib
import re
import sys

from .commands import LIST_INSTALLED
from .contents import OLE
from .failure import Failure, Link, alternatives
from .substitutes import IMPORT_NAMES, MOVED_MODULES, substitute

_WANTED = (
    re.compile(r"No module named '([\w.]+)'"),
    re.compile(r"`Import ([\w.-]+)` failed"),
    re.compile(r"Missing optional dependency '([\w.-]+)'"),
    re.compile(r"accessor requires ([\w-]+)"),
    re.compile(r"requires ([\w-]+) to be installed"),
    re.compile(r"^([\w-]+) not found, please install"),
    re.compile(r"tried using: '([\w-]+)'"),
    re.compile(r"(?:`|pip install )([\w-]+)`? (?:is|must be) (?:required|installed)"),
    re.compile(r"pip install ['\"]?([\w-]+)"),
)
"""How libraries name the package that they lack."""

_LONGEST_NAME = 50
"""That is compared with others: it takes time quadratic in its length."""

_REMOVED_NAME = re.compile(r"cannot import name '(\w+)' from '([\w.]+)'")


def hint(failure: Failure) -> str | None:
    if failure.error.name not in ("ImportError", "ModuleNotFoundError", "AttributeError", "ValueError", "RuntimeError"):
        return None
    for link in reversed(failure.causes):
        if link.name == "ModuleNotFoundError" or link.name in ("ImportError", "AttributeError"):
            found = _of_link(failure, link)
            if found:
                return found
    return None


def _of_link(failure: Failure, link: Link) -> str | None:
    if link.name == "ModuleNotFoundError":
        missing = _WANTED[0].search(link.message)
        return _missing(failure, missing[1]) if missing else None
    removed = _REMOVED_NAME.search(link.message)
    if removed:
        similar = link.texts("similar")
        return f"Did you mean {alternatives(similar)}?" if similar else None
    if link.name == "AttributeError" and "requires" not in link.message:
        return None
    found = next((match for pattern in _WANTED if (match := pattern.search(link.message))), None)
    return _missing(failure, found[1]) if found else None


def _missing(failure: Failure, wanted: str) -> str | None:
    module = IMPORT_NAMES.get(wanted.lower(), wanted)
    top = module.split(".")[0]
    if wanted == "google" and "google.colab" in failure.source:
        wanted = "google.colab"
    if wanted in MOVED_MODULES or top in MOVED_MODULES:
        return MOVED_MODULES.get(wanted) or MOVED_MODULES[top]
    if top in sys.stdlib_module_names:
        return None
    files = failure.links[-1].texts("moduleFiles") or failure.error.texts("moduleFiles")
    if files:
        return _is_file(files[0], top)
    installed = failure.modules
    if installed is not None and top in installed:
        if top != wanted.split(".")[0]:
            return f"The package {wanted} is installed, and is imported as {top}."
        return (
            f"The package {top} is installed, but this version of it has no module {wanted}." if "." in wanted else None
        )
    short = [name for name in installed or () if len(name) <= _LONGEST_NAME]
    similar = difflib.get_close_matches(top[:_LONGEST_NAME], short, 3, 0.75)
    suggestion = f" Did you mean {alternatives(similar)}?" if similar else ""
    workbook = _workbook(failure, top)
    if workbook:
        return workbook
    instead = substitute(top, installed, failure.source)
    state = "available" if installed is None else "installed"
    remedy = f"{suggestion}{instead}" or f" {LIST_INSTALLED}"
    return f"The package {top} is not {state} in this session.{remedy}"


def _is_file(path: str, module: str) -> str:
    folder = path.removesuffix(f"/{module}.py").removesuffix(f"/{module}/__init__.py")
    if folder == "/mnt/data":
        return (
            f"The session has the file {path}. Put its folder on Python's path before the import: "
            "`import importlib, sys; sys.path.insert(0, '/mnt/data'); importlib.invalidate_caches()`."
        )
    return (
        f"The session has the file {path}. Put its folder on Python's path before the import: "
        f"`import sys; sys.path.insert(0, {folder!r})`."
    )


def _workbook(failure: Failure, module: str) -> str | None:
    """For pandas, which selects the library by what the file contains."""
    path = next((link.text("path") for link in failure.links if link.text("path")), "")
    head = next((link.bytes("head") for link in failure.links if link.text("head")), b"")
    if module not in ("xlrd", "python_calamine", "python-calamine") or not head.startswith(OLE):
        return None
    if path.lower().endswith(".xls"):
        return (
            f"The session has no package that reads the old format .xls. Save the workbook as .xlsx or CSV, and "
            f"upload it again. {LIST_INSTALLED}"
        )
    return (
        "The workbook is protected by a password, or is in the old format .xls under another name. Remove the password "
        "in Excel, save it as .xlsx, and upload it again."
    )

"""What a session knows about a failure and the connector cannot see: names, files, columns, limits.

It is bounded, and collected without calling the user's code. The connector makes hints of it.
"""

from __future__ import annotations

import linecache
import os
import re
import sys
from collections.abc import Callable, Iterable
from typing import Any

from .host import basename, exists, in_data, open_file
from .memory import memory_limit
from .scan import all_files

_MAX_LINKS = 10
_MAX_TEXT = 300
_MAX_NAMES = 500
_MAX_LABELS = 60
_MAX_FILES = 10
_MAX_FONTS = 200
_SAMPLE_BYTES = 400
_HEAD_BYTES = 1 << 16
_LIBRARY_PATHS = ("filepath_or_buffer", "path_or_buffer", "path_or_buf", "handle_or_path", "io", "filename", "file")
"""What pandas calls the file that it reads."""

_FENCE = re.compile(r"\s*(```|~~~)")
_GLYPH = re.compile(r"Glyph (\d+)")
_QUOTED = re.compile("['\"](\\w+)['\"]")
_dirname = os.path.dirname
_getcwd = os.getcwd


def facts_of(failure: BaseException) -> list[dict[str, Any]]:
    """The exception and those that led to it, as JSON. Never raises."""
    described: list[dict[str, Any]] = []
    try:
        for link, is_cause in _chain(failure):
            facts = _of_link(link, is_cause)
            described.append(facts)
            frames = _frames(link)
            for collect in _COLLECTORS:
                try:
                    facts.update(collect(link, frames))
                except BaseException:  # the exception's own methods can raise anything
                    pass
    except BaseException:
        pass
    return described


def facts_of_output(text: str) -> dict[str, Any]:
    """What explains messages in a run's output. Never raises."""
    try:
        if "missing from " in text and "font" in text:
            return {"fonts": _fonts_with({int(number) for number in _GLYPH.findall(text)})}
        if "No matching distribution" in text:
            return {"modules": _modules()}
    except Exception:
        pass
    return {}


def _chain(failure: BaseException) -> list[tuple[BaseException, bool]]:
    """This exception and those that led to it, each with whether it is the cause of the one before or its context."""
    chain, seen = [(failure, True)], {id(failure)}
    while len(chain) < _MAX_LINKS:
        last = chain[-1][0]
        following = last.__cause__ or last.__context__
        if following is None or id(following) in seen:
            break
        seen.add(id(following))
        chain.append((following, last.__cause__ is not None))
    return chain


def _of_link(link: BaseException, is_cause: bool) -> dict[str, Any]:
    described: dict[str, Any] = {"name": type(link).__name__, "isCause": is_cause}
    try:
        described["message"] = str(link)[:_MAX_TEXT]
    except BaseException:
        pass
    if isinstance(link, OSError):
        described.update({"errno": link.errno, "filename": _short(link.filename)})
    return described


def _frames(link: BaseException) -> list[Any]:
    """The innermost last."""
    frames, step = [], link.__traceback__
    while step is not None:
        frames.append(step.tb_frame)
        step = step.tb_next
    return frames


def _short(value: Any) -> str | None:
    if isinstance(value, (list, tuple)):
        value = " ".join(item for item in value if isinstance(item, str))
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    return value[:_MAX_TEXT] if isinstance(value, str) else None


def _of_import(failure: BaseException, frames: list[Any]) -> dict[str, Any]:
    if not isinstance(failure, ImportError) and "requires" not in str(failure):
        return {}
    wanted = (getattr(failure, "name", None) or "").split(".")[0]
    ours = {f"{wanted}.py", f"{wanted}/__init__.py"}
    paths = [path for path, _ in all_files() if any(("/" + path).endswith("/" + name) for name in ours)]
    return {"modules": _modules(), "moduleFiles": sorted(map(in_data, paths))[:3]}


def _modules() -> list[str]:
    """The modules that can be imported, without Python's own and private ones."""
    import pkgutil

    own = getattr(sys, "stdlib_module_names", sys.builtin_module_names)
    names = {module.name for module in pkgutil.iter_modules()}
    return sorted(name for name in names if name not in own and not name.startswith("_") and len(name) < 40)[
        :_MAX_NAMES
    ]


def _of_spelling(failure: BaseException, frames: list[Any]) -> dict[str, Any]:
    """Existing names that are similar to the one that does not exist."""
    if not isinstance(failure, (NameError, AttributeError, ImportError)):
        return {}
    quoted = _QUOTED.findall(str(failure))
    wanted = quoted[0] if isinstance(failure, (NameError, ImportError)) else quoted[-1]
    owner = getattr(failure, "obj", None)
    names: Iterable[Any] = ()
    if isinstance(failure, NameError):
        names = {**vars(sys.modules["builtins"]), **frames[-1].f_globals, **frames[-1].f_locals}
    elif isinstance(failure, ImportError):
        import pkgutil

        module = sys.modules[failure.name or ""]
        names = {*vars(module), *(each.name for each in pkgutil.iter_modules(getattr(module, "__path__", ())))}
    elif type(owner) is type(sys):
        names = vars(owner)
    elif owner is not None:
        names = type.__dir__(owner if isinstance(owner, type) else type(owner))
    public = [name for name in names if isinstance(name, str) and name[:1] != "_" and name != wanted]
    facts: dict[str, Any] = {"wanted": wanted, "similar": _similar(wanted, public)}
    if isinstance(failure, NameError):
        cell = "".join(linecache.getlines(frames[-1].f_code.co_filename))
        assigned = r"\b(def|class|import|as|for)\s+{0}\b|\b{0}\s*(=[^=]|:=|,.*=)".format(re.escape(wanted))
        facts["isDefinedInCode"] = re.search(assigned, cell) is not None
    return facts


def _similar(wanted: str, names: Iterable[str]) -> list[str]:
    import difflib

    return difflib.get_close_matches(wanted[:_MAX_TEXT], names, 3, 0.75)


def _of_file(failure: BaseException, frames: list[Any]) -> dict[str, Any]:
    if not isinstance(failure, (FileNotFoundError, NotADirectoryError)) or failure.filename is None:
        return {}
    innermost = frames[-1].f_locals
    if frames[-1].f_code.co_name == "_execute_child" and failure.filename != innermost.get("cwd"):
        return {"program": _short(failure.filename), "modules": _modules()}
    wanted = _short(failure.filename) or ""
    folder = _dirname(wanted)
    names = {path: basename(path) for path, _ in all_files()}
    lower = basename(wanted).lower()
    same = sorted(path for path, name in names.items() if name.lower() == lower and in_data(path) != wanted)
    close = set(_similar(lower, [name.lower() for name in names.values()]))
    similar = sorted(path for path, name in names.items() if name.lower() in close)
    return {
        "files": [in_data(path) for path in sorted(names)[:_MAX_FILES]],
        "fileCount": len(names),
        "sameFiles": [in_data(path) for path in same[:3]],
        "similarFiles": [in_data(path) for path in similar[:3] if path not in same],
        "missingFolder": folder if folder and not exists(folder) else "",
        "folder": _getcwd(),
    }


def _of_command(failure: BaseException, frames: list[Any]) -> dict[str, Any]:
    code = getattr(failure, "returncode", None)
    if type(failure).__name__ != "CalledProcessError" or not isinstance(code, int):
        return {}
    written = getattr(failure, "stderr", None) or getattr(failure, "stdout", None)
    if isinstance(written, bytes):
        written = written.decode("utf-8", "replace")
    command = _short(getattr(failure, "cmd", None)) or ""
    facts = {"command": command, "exitCode": code, "written": str(written or "")[-1000:]}
    return {**facts, "modules": _modules()} if "install" in command else facts


def _of_labels(failure: BaseException, frames: list[Any]) -> dict[str, Any]:
    """The columns of the frame, or the labels of the index, in which pandas did not find a key."""
    is_about_columns = isinstance(failure, ValueError) and "col" in str(failure).lower()
    if not isinstance(failure, (KeyError, AttributeError)) and not is_about_columns:
        return {}
    index: Any = None
    for frame in reversed(frames):
        if not _is_of_pandas(frame.f_globals.get("__name__")):
            continue
        values = frame.f_locals
        for name in ("self", "obj", "columns", "names"):
            value = values.get(name)
            if type(value) is list and name in ("columns", "names"):
                return _labels("columns", value)
            if not _is_of_pandas(type(value).__module__):
                continue
            if index is None and type(value).__name__.endswith("Index"):
                index = value
            if not hasattr(type(value), "columns"):
                value = vars(value).get("obj")  # of a group
            if hasattr(type(value), "columns"):
                own = value.columns
                is_of_frame = str(frame.f_globals["__name__"]) == "pandas.core.frame"
                is_column = index is None or own.equals(index) or (is_of_frame and "getitem" in frame.f_code.co_name)
                return _labels("columns", own) if is_column else _labels("labels", index)
    return {} if index is None else _labels("labels", index)


def _of_sheets(failure: BaseException, frames: list[Any]) -> dict[str, Any]:
    """The sheets of a workbook that pandas or openpyxl reads."""
    for frame in reversed(frames):
        value = frame.f_locals.get("self")
        for name in ("sheet_names", "sheetnames"):
            if "xl" in str(type(value).__module__) or "excel" in str(type(value).__module__):
                if hasattr(type(value), name):
                    return _labels("sheets", getattr(value, name))
    return {}


def _is_of_pandas(module: Any) -> bool:
    return str(module).split(".")[0] == "pandas"


def _labels(kind: str, labels: Any) -> dict[str, Any]:
    return {kind: [repr(label)[:100] for label in labels[:_MAX_LABELS]], "labelCount": len(labels)}


def _of_keys(failure: BaseException, frames: list[Any]) -> dict[str, Any]:
    """The keys of the dictionary, if the line says which one it is."""
    frame = frames[-1]
    key = failure.args[0] if isinstance(failure, KeyError) and failure.args else None
    if type(key) is not str or len(key) > _MAX_TEXT or str(frame.f_globals.get("__name__", "")) != "__main__":
        return {}
    line = linecache.getline(frame.f_code.co_filename, _last_line(failure))
    for name in re.findall(r"(?<![\w.\]])(\w+)\[(?:'{0}'|\"{0}\")\]".format(re.escape(key)), line):
        value = frame.f_locals.get(name, frame.f_globals.get(name))
        if type(value) is dict and key not in value:
            return _labels("keys", list(value))
    return {}


def _last_line(failure: BaseException) -> int:
    step: Any = failure.__traceback__
    while step.tb_next is not None:
        step = step.tb_next
    return int(step.tb_lineno)


def _of_contents(failure: BaseException, frames: list[Any]) -> dict[str, Any]:
    """The file that a library was reading, and a sample of its bytes around the first that is not ASCII."""
    facts: dict[str, Any] = {}
    paths = [frame.f_locals.get(name) for frame in frames[1:] for name in _LIBRARY_PATHS]
    path = next((path for path in paths if isinstance(path, str) and len(path) < 4096), None)
    head = b""
    if path:
        facts["path"] = path
        with open_file(path, "rb") as file:
            head = file.read(_HEAD_BYTES)
    if isinstance(failure, UnicodeDecodeError):
        head = head or bytes(failure.object[:_HEAD_BYTES])
        start = failure.start
        if path or start >= len(head):
            start = next((number for number, byte in enumerate(head) if byte > 127), 0)
        begin = max(0, start - _SAMPLE_BYTES // 4)
        facts.update({"head": head[:8].hex(), "sample": head[begin : begin + _SAMPLE_BYTES].hex()})
    elif head:
        facts["head"] = head[:_SAMPLE_BYTES].hex()
    return facts


def _of_memory(failure: BaseException, frames: list[Any]) -> dict[str, Any]:
    return {"memoryLimit": memory_limit()} if isinstance(failure, MemoryError) else {}


def _of_syntax(failure: BaseException, frames: list[Any]) -> dict[str, Any]:
    if not isinstance(failure, SyntaxError):
        return {}
    source = linecache.getlines(failure.filename or "")
    return {"text": _short(failure.text), "offset": failure.offset, "hasFence": any(map(_FENCE.match, source))}


def _fonts_with(characters: set[int]) -> list[str]:
    """Installed fonts that have all of these characters."""
    from matplotlib import font_manager, ft2font

    found: list[str] = []
    for entry in font_manager.fontManager.ttflist[:_MAX_FONTS]:
        if entry.name in found or len(found) == 3 or "Last Resort" in entry.name:  # it has boxes for all characters
            continue
        try:
            if characters <= set(ft2font.FT2Font(entry.fname).get_charmap()):
                found.append(entry.name)
        except Exception:
            pass
    return found


_COLLECTORS: tuple[Callable[[BaseException, list[Any]], dict[str, Any]], ...] = (
    _of_import,
    _of_spelling,
    _of_file,
    _of_command,
    _of_labels,
    _of_sheets,
    _of_keys,
    _of_contents,
    _of_memory,
    _of_syntax,
)

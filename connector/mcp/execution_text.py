"""What a model reads of an execution: no JSON, no repetitions, and what to call next."""

import re

from ..files.names import quoted
from ..models import Execution, File, FilePath, Output
from .fitting import Section
from .tables import is_result, table_of
from .wording import for_models

_MOST_FILES = 40
_MOST_OUTPUTS = 20
"""That are named. All are in the same folder."""

_MOST_TABLES = 20

_INLINE = ("text/plain", "text/markdown", "text/latex", "application/json")
_TITLE_CHARACTERS = 80
_TRACEBACK = re.compile(r"^-{75}\n[^\W\d]\w* *Traceback \(most recent call last\)", re.MULTILINE)
_SYNTAX_ERROR = re.compile(r"^ {2}(?:Cell In\[\d+\], line|File <(?:tokenize|string)>:) ?\d+\n", re.MULTILINE)
_EXIT = re.compile(r"^An exception has occurred, use %tb to see the full traceback\.\n", re.MULTILINE)
_LOCATION = re.compile("^  (?:Cell In|File )", re.MULTILINE)


def sections(execution: Execution, notes: dict[int, str]) -> list[Section]:
    """`notes` are about outputs, by their number: why an image is not shown, or shown in another size."""
    is_running = execution.status == "Running"
    truncated = execution.truncated or {}
    tables = {
        number: table for number, output in enumerate(execution.outputs) if (table := table_of(output)) is not None
    }
    shown = [*tables.values()][:_MOST_TABLES]
    heading = [Section(f"Session ID: {execution.session_id}"), *_workspace(execution)]
    parts = [*heading, *_outcome(execution)]
    if execution.result and not (0 < len(tables) == len(shown) and is_result(shown[-1], execution)):
        parts.append(Section("Result:", execution.result, "result" in truncated))
    parts += [table.section for table in shown]
    if execution.stdout:
        parts.append(Section("Printed so far:" if is_running else "Printed:", execution.stdout, "stdout" in truncated))
    if warnings := _stderr(execution).strip("\n"):
        parts.append(Section("Written to stderr:", warnings, "stderr" in truncated))
    parts += _displayed(execution.outputs, [*tables], notes)
    if execution.files:
        parts.append(_files(execution.files, is_complete="files" not in truncated))
    if execution.notice:
        parts.append(Section("", f"Notice: {for_models(execution.notice)}"))
    if execution.status == "Succeeded" and len(parts) == len(heading) and not execution.outputs:
        parts.append(Section("The code ran without output. End it with an expression, or print, to see values."))
    return parts


def _workspace(execution: Execution) -> list[Section]:
    used = execution.workspace
    if used is None:
        return []
    states = {"restored": used.is_restored, "saved": used.is_saved, "not saved yet": not used.is_saved}
    return [Section(f"Workspace {used.workspace_id}: {', '.join(state for state, holds in states.items() if holds)}.")]


def _outcome(execution: Execution) -> list[Section]:
    error = execution.error
    ids = f"sessionId {execution.session_id} and executionId {execution.execution_id}"
    if execution.status == "Running":
        return [
            Section(
                f"The code is still running. Call GetExecution with {ids} to wait for its result, or CancelExecution "
                "to stop it."
            )
        ]
    if error is None:
        return [] if execution.status == "Succeeded" else [Section(f"{execution.status}.")]
    line = "" if error.line is None else f" in line {error.line}"
    cause = "" if execution.status == "Canceled" else f"{error.name}: "
    parts = [Section("", f"{execution.status}{line}. {cause}{error.message}")]
    if error.hint:
        parts.append(Section("", f"Hint: {for_models(error.hint)}"))
    if execution.status == "Unknown":
        parts.append(Section(f"The run has {ids}."))
    if error.traceback and len(_LOCATION.findall(error.traceback)) > 1:
        parts.append(Section("", error.traceback))
    return parts


def _stderr(execution: Execution) -> str:
    """Without the error at its end, which is stated before."""
    text, error = execution.stderr, execution.error
    if error is None or execution.status == "Succeeded":
        return text
    start = _TRACEBACK.search(text) or _SYNTAX_ERROR.search(text) or _EXIT.search(text)
    if start is None:
        return text
    return text[: start.start()].rstrip("\n").removesuffix(error.message)


def _displayed(outputs: list[Output], tables: list[int], notes: dict[int, str]) -> list[Section]:
    """What was displayed besides `tables`, the numbers of outputs: short text itself, and the names of all else."""
    texts, lines = [], []
    for number, output in enumerate(outputs):
        if number in tables[:_MOST_TABLES] or _is_html_of_table(outputs, number, tables):
            continue
        if number not in tables and output.content_type in _INLINE and output.content is not None:
            texts.append(output.content.strip("\n"))
            continue
        note = notes.get(number, "")
        if note or output.title or output.file_name or not output.content_type.startswith("image/"):
            lines.append(_named(output, note))
    parts = [Section("Displayed:", "\n\n".join(texts))] if texts else []
    if lines:
        more = len(lines) - _MOST_OUTPUTS
        if more > 0:
            lines[_MOST_OUTPUTS:] = [f"- {more:,} more in the same folder, which ListFiles lists"]
        parts.append(Section("Charts and other outputs:", "\n".join(lines)))
    return parts


def _named(output: Output, note: str) -> str:
    title = output.title or output.content_type
    if len(title) > _TITLE_CHARACTERS:
        title = title[: _TITLE_CHARACTERS - 3] + "..."
    place = [f"fileName {_printable(output.file_name)}, folder {output.folder}"] if output.file_name else []
    return "- " + "; ".join([_printable(" ".join(title.split())), *place, *filter(None, [note])])


def _is_html_of_table(outputs: list[Output], number: int, tables: list[int]) -> bool:
    """A data frame is displayed as HTML, which is followed by its values."""
    is_html = outputs[number].content_type == "text/html"
    return is_html and number + 1 in tables


def _files(files: list[File], *, is_complete: bool) -> Section:
    lines = [file_line(file) for file in files[:_MOST_FILES]]
    if len(files) > _MOST_FILES or not is_complete:
        lines.append(f"- {'' if is_complete else 'at least '}{len(files) - len(lines):,} more, which ListFiles lists")
    return Section("Files written (GetFile reads one, ShareFile makes a link for the user):", "\n".join(lines))


def file_line(file: File) -> str:
    size = shown_size(file.size)
    facts = {"Created": f"new, {size}", "Changed": f"changed, {size}"}.get(file.change or "", size)
    return f"- {shown_path(FilePath(file.folder, file.file_name))} ({facts})"


def shown_size(count: int) -> str:
    return "1 byte" if count == 1 else f"{count:,} bytes"


def shown_path(path: FilePath) -> str:
    """The absolute path."""
    folder = path.folder if path.folder.startswith("/mnt/data") else "/".join(filter(None, ("/mnt/data", path.folder)))
    shown = f"{folder}/{path.name}"
    return _printable(shown)


def _printable(name: str) -> str:
    """A name that code in the session has chosen, in which it could otherwise hide other lines of text."""
    return name if name.isprintable() else quoted(name)

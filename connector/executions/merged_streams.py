"""What a run wrote, as people and models read it: from its report, and from the pool's response if there is one.

The pool has what the run wrote first, and what subprocesses write directly; the report has the rest. The pool also
appends an error to stderr, the message directly followed by the traceback. Here, the message has a line of its own.
"""

from ..in_session.report import Report, Reported
from ..session_pool.wire import Run
from .direct import stopped_error
from .terminal import shown, with_cells, without_escapes


def merged_streams(report: Report, reported: Reported | None = None, run: Run | None = None) -> tuple[str, str]:
    """stdout and stderr. `run` without `reported` is the pool's response to a run whose report is in its record."""
    stdout, stderr, stop = report.stdout, report.stderr, ""
    if reported is not None:
        if reported.seams is not None:
            stdout, stderr = (
                before + text[start:]
                for text, (start, before) in ((stdout, reported.seams["stdout"]), (stderr, reported.seams["stderr"]))
            )
        stdout = reported.before + stdout + reported.after
    if run is not None:
        written, stop = _without_error(run, report)
        stderr = written + stderr if reported is not None else stderr
    ending = [without_escapes(text) for text in (stop, report.shown_message, report.shown_traceback) if text]
    stderr = shown(stderr)
    if ending:
        stderr = _on_new_line(stderr) + "\n".join(ending) + "\n\n"
    return with_cells(shown(stdout), report.cells), with_cells(stderr, report.cells)


def _without_error(run: Run, report: Report) -> tuple[str, str]:
    """What was written to stderr before the pool appended the error, and the pool's message if it stopped the run."""
    stopped = stopped_error(run.stderr) if run.status == "Failed" else None
    if stopped is not None:
        return run.stderr[: run.stderr.rindex(stopped.message)], stopped.message
    for error in (report.shown_error, without_escapes(report.shown_error)):
        if error.strip():
            before, found, after = run.stderr.rpartition(error.rstrip("\n"))
            if found:
                return before + after.lstrip("\n"), ""
    return run.stderr, ""


def _on_new_line(text: str) -> str:
    return text if not text or text.endswith("\n") else text + "\n"

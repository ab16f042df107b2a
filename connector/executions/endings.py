"""What is said of runs that did not come to their own end, or of which less is known than usual."""

from ..models import ExecutionError

LOST = ExecutionError(
    "ConnectionLost",
    "The connection to the session broke off after the code was handed over: it may have run, or not.",
    hint="Ask for this execution ID with GetExecution. If that finds no such run, the code may still have run: look at "
    "the session's files before you run it again.",
)
NOT_BEGUN = ExecutionError(
    "NotBegun",
    "The session was busy when the run was asked for, and has not told since that it began. It may still begin.",
    hint="Cancel it, or ask again later; look at the session's files before you run the code once more.",
)
INTERPRETER_ENDED = ExecutionError(
    "KernelRestarted",
    "The session's interpreter ended while the code was running, and was started again.",
    hint="The code ran in part. Files are kept; run the code that makes the variables again.",
)
RECORD_GONE = ExecutionError(
    "RecordLost",
    "The record of this run is gone from the session, as when code has deleted the folder _outputs: nobody knows how "
    "the run went, and it may go on.",
    hint="Look at the session's files before you run the code again. EndSession ends all that runs there.",
)
SILENT = ExecutionError(
    "RunLost",
    "The run went on by itself, and has told nothing for a minute: its processes have ended, as when the session needs "
    "more memory than there is.",
    hint="The code ran in part. Files are kept; look at them before you run it again.",
)
TIMED_OUT = ExecutionError(
    "TimeoutError",
    "The run took longer than its timeoutInSeconds, and was stopped.",
    hint="Raise timeoutInSeconds (3600 is the most), or do the work in parts. Files are kept.",
)
CANCELED = ExecutionError("Canceled", "The run was called off.", hint="Files and variables of earlier runs are kept.")
NO_REPORT = (
    "The session did not report on this run, as when its code ends the interpreter or changes its insides. This answer "
    "has only what the pool itself tells: no list of files, at most one output."
)
NOT_HEARD = (
    "The run was told to end, and has not said yet that it has. Ask again in a moment; EndSession ends all that runs "
    "in the session."
)
NOT_TO_BE_CANCELED = (
    "This run is one call of the session pool, which ends no run before its time: it goes on until it ends or its "
    "timeoutInSeconds is over. Runs that may take longer than their caller waits can be called off."
)
NOT_TO_BE_CANCELED_BARE = (
    "This run is made by the session pool alone, which ends no run before its time: it goes on until it ends or its "
    "timeoutInSeconds is over. EndSession ends all that runs in the session."
)
"""Where the connector sends its runs without the harness, also those that take longer than their caller waits."""


def died(signal: int) -> ExecutionError:
    """`signal` is the number of the one that ended the process, 0 for none."""
    how = f"by signal {signal}" if signal else "without a word"
    return ExecutionError(
        "ProcessEnded",
        f"The run's process ended {how}"
        + (", as when it needs more memory than there is." if signal == 9 else " before the code had ended."),
        hint="Files that it wrote are kept. The session's own interpreter goes on with its variables.",
    )

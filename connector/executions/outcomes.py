"""Errors and notices of executions that did not end normally, or about which less is known than usual."""

from dataclasses import replace

from ..models import ExecutionError

LOST = ExecutionError(
    "ConnectionLost",
    "The connection to the session failed after the code was handed over. The code may have run.",
    hint="Read this execution with GetExecution. If it is not found, check the session's files before you run the code "
    "again.",
)
INTERPRETER_ENDED = ExecutionError(
    "KernelRestarted",
    "The session's interpreter ended while the code was running, and was restarted.",
    hint="The code may have ended it, or run out of memory; if so, read files in parts (chunksize), and only the "
    "columns that are needed (usecols). Files are kept; run the code that sets the variables again.",
)
RECORD_LOST = ExecutionError(
    "RecordLost",
    "The session has lost the record of this execution: code may have deleted the folder _outputs. The run may still "
    "be in progress.",
    hint="Check the session's files before you run the code again. EndSession ends everything that runs there.",
)
SILENT = ExecutionError(
    "RunLost",
    "The run has sent no heartbeat for a minute: the session or its processes have ended.",
    hint="The code ran only in part. Check the session's files before you run it again.",
)
TIMED_OUT = ExecutionError(
    "TimeoutError",
    "The run exceeded timeoutInSeconds and was stopped.",
    hint="Raise timeoutInSeconds (up to 3600), or split the work. Files are kept.",
)
CANCELED = ExecutionError("Canceled", "The run was canceled.", hint="Files and variables set before are kept.")
CANCELED_WITH_INTERPRETER = replace(CANCELED, hint="Files are kept. Run the code that sets the variables again.")
NO_REPORT = (
    "The session did not report on this run: its code may have ended or changed the interpreter. This result has only "
    "what the pool itself returns: no list of files, and at most one output."
)
NOT_REPORTED = (
    "The session did not report on this run: its code may have ended or changed the interpreter. The last text that it "
    "wrote may be missing; its outputs and files are those that were found in the session afterwards."
)
OUTPUTS_NOT_READ = (
    "The session did not report on this run, and its outputs and files could not be listed. Call ListFiles, once for "
    "/mnt/data and once for the folder .outputs."
)
INTERPRETER_STOPPED = (
    "The code ignored the interrupt, so the session's interpreter was stopped. Files are kept; variables are lost."
)
FILES_OUTSIDE_DATA = (
    "The code wrote files outside /mnt/data, which no operation can list or download: {}. Write them to /mnt/data, or "
    "move them there, to keep them."
)
STDOUT_REPLACED = (
    "The code has replaced sys.stdout, so what this and later runs print is missing from stdout. Restore it with "
    "sys.stdout = sys.__stdout__."
)
CANCEL_REQUESTED = (
    "Cancellation was requested, but the run has not ended yet. Call GetExecution in a moment; EndSession ends "
    "everything that runs in the session."
)
NOT_STARTED = (
    "The session has not confirmed that this run started: it does not respond, or its response was lost. The run is "
    "queued, and is started once as soon as the session responds."
)
NOT_CANCELABLE = (
    "This run is one call of the session pool, which cannot be canceled. It ends on its own, or after its "
    "timeoutInSeconds; only runs that may take longer than their caller waits can be canceled."
)
NOT_CANCELABLE_DIRECT = (
    "This run was started without rich results, and cannot be canceled. It ends on its own, or after its "
    "timeoutInSeconds; EndSession ends everything that runs in the session."
)
"""For code that is sent without the payload."""
MORE_OUTPUTS = (
    "The list of outputs omits the last {:,}. Their files are in the same folder as the others: list it with ListFiles."
)
OUTPUTS_NOT_STORED = (
    "{:,} of the outputs could not be stored and are lost. Save what you need as files in /mnt/data, or display less "
    "in each run."
)
CONTENTS_OMITTED = (
    "Contents of outputs were omitted or reduced. Each complete content is a file: get it with GetFile or DownloadFile "
    "by the output's fileName and folder."
)

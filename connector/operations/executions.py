"""ExecutePythonCode and GetExecution."""

import contextlib
import hashlib
import threading
import uuid
from collections.abc import Callable
from concurrent.futures import Future, wait
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from ..errors import ConnectorError, ExecutionNotFound, IdempotencyKeyReused
from ..harness import report
from ..harness.cell import code_hash, make_cell
from ..harness.report import Note, Record
from ..identity import check_session_id, mint_execution_id, mint_session_id
from ..pool_wire import Run
from ..session_pool import RunLost, SessionPoolClient
from ..shapes import Execution, ExecutionError
from . import records
from .bare_run import bare_execution
from .message_size import fitted
from .reported_run import reported_execution

DEFAULT_TIMEOUT_SECONDS = 90
DEFAULT_WAIT_SECONDS = 90
LONGEST_WAIT_SECONDS = 220
_MOST_LEFT_RUNNING = 64
_REFUSALS = 3
_KEYS = uuid.UUID("7b1f6f6e-5d1c-4c44-9c5e-0d5f3f0c2a11")
_LONGEST_RUN = timedelta(seconds=240)


class Runs:
    """What the runs of one process share."""

    def __init__(self, *, rich_results: bool) -> None:
        self.rich_results = rich_results
        """Whether runs are sent with the harness."""

        self._was_reported = False
        self._refused: set[str] = set()
        self._left_running = threading.BoundedSemaphore(_MOST_LEFT_RUNNING)

    def reported(self) -> None:
        """A session of the pool took the harness."""
        self._was_reported = True

    def refused(self, pool: SessionPoolClient, session_id: str) -> None:
        """A session could not take it. Code can make its own session like that, but not those of others."""
        self._refused.add(session_id)
        if not self._was_reported and (len(self._refused) >= _REFUSALS or not _has_python(pool)):
            self.rich_results = False

    def leave_running(self, call: "_Call", run: Callable[[], Execution]) -> "Future[Execution] | None":
        """Begins the run in a thread of its own. None when too many go on like that: then the caller waits.

        A note in the session says that it was asked for, so that any process finds it before it has begun.
        """
        if not self._left_running.acquire(blocking=False):
            return None
        ended: Future[Execution] = Future()

        def work() -> None:
            try:
                ended.set_result(run())
            except ConnectorError as failure:
                with contextlib.suppress(ConnectorError):
                    call.note(Note(datetime.now(UTC), failure.code, failure.message))
                ended.set_exception(failure)
            except BaseException as failure:
                ended.set_exception(failure)
            finally:
                self._left_running.release()

        try:
            call.note(Note(datetime.now(UTC)))
        except BaseException:
            self._left_running.release()
            raise
        threading.Thread(target=work, name="run", daemon=True).start()
        return ended


def execute_python_code(
    pool: SessionPoolClient,
    runs: Runs,
    *,
    python_code: str,
    session_id: str | None = None,
    timeout_in_seconds: int = DEFAULT_TIMEOUT_SECONDS,
    wait_in_seconds: int = DEFAULT_WAIT_SECONDS,
    idempotency_key: str | None = None,
    include_content: str = "auto",
) -> Execution:
    """Runs the code once. Code that fails is an Execution too; an error is raised only when it surely did not run.

    A run that may take longer than the wait, and does, is Running: `get_execution` tells how it ended. With an
    idempotency key, a run of the same key in the same session is answered again; IdempotencyKeyReused is raised when
    its code was another.
    """
    session_id = check_session_id(session_id) if session_id else _new_session_id(idempotency_key)
    execution_id = _execution_id(session_id, idempotency_key) if idempotency_key else mint_execution_id()
    call = _Call(pool, session_id, execution_id, python_code, timeout_in_seconds)

    def run() -> Execution:
        if runs.rich_results:
            return _reported(call, runs)
        earlier = _repeated_bare(call) if idempotency_key else None
        return earlier or call.bare()

    fits = timeout_in_seconds <= wait_in_seconds or not (runs.rich_results or pool.keeps_runs)
    ended = None if fits else runs.leave_running(call, run)
    if ended is None:
        return fitted(run(), include_content)
    finished, _ = wait([ended], wait_in_seconds)
    return fitted(ended.result(), include_content) if finished else Execution(session_id, execution_id, "Running")


def get_execution(
    pool: SessionPoolClient, *, session_id: str, execution_id: str, include_content: str = "auto"
) -> Execution:
    """A run again, by its id. Raises ExecutionNotFound."""
    session_id = check_session_id(session_id)
    has_session = records.has_session(pool, session_id)
    record = records.read_record(pool, session_id, execution_id) if has_session else None
    if record is not None and record.report is not None:
        return fitted(reported_execution(session_id, execution_id, record.report, None, None), include_content)
    try:
        run = pool.get_execution(session_id, execution_id)
    except ExecutionNotFound:
        if record is not None:
            return _without_report(session_id, execution_id, record)
        note = records.read_note(pool, session_id, execution_id) if has_session else None
        if note is None:
            raise
        return _asked_for(session_id, execution_id, note)
    if record is not None and run.status != "Running":
        return replace(bare_execution(session_id, execution_id, _unmarked(run)), notice=_NO_REPORT)
    return fitted(bare_execution(session_id, execution_id, run), include_content)


@dataclass(frozen=True)
class _Call:
    """One call of ExecutePythonCode, on its way to the pool."""

    pool: SessionPoolClient
    session_id: str
    execution_id: str
    code: str
    timeout_seconds: int

    def run(self, code: str, *, may_repeat: bool) -> Run:
        """Raises RunLost."""
        return self.pool.execute_code(
            self.session_id,
            code,
            execution_id=self.execution_id,
            timeout_seconds=self.timeout_seconds,
            may_repeat=may_repeat,
        )

    def note(self, note: Note) -> None:
        """Keeps the note in the session."""
        records.write_note(self.pool, self.session_id, self.execution_id, note)

    def bare(self) -> Execution:
        try:
            return bare_execution(self.session_id, self.execution_id, self.run(self.code, may_repeat=False))
        except RunLost:
            return self.lost()

    def lost(self) -> Execution:
        return Execution(self.session_id, self.execution_id, "Unknown", error=_LOST)


def _reported(call: _Call, runs: Runs) -> Execution:
    cell = make_cell(call.code, execution_id=call.execution_id, longest_report=call.pool.longest_stdout)
    try:
        run = call.run(cell.text, may_repeat=True)
    except RunLost:
        return call.lost()
    told = report.read_stdout(run.stdout, cell.nonce)
    if told is not None and told.report is not None:
        runs.reported()
        return reported_execution(call.session_id, call.execution_id, told.report, told, run)
    record = records.read_record(call.pool, call.session_id, call.execution_id)
    if record is not None:
        if record.code_hash != code_hash(call.code):
            raise IdempotencyKeyReused(
                "This idempotency key was used for other code in this session. Send a new key for new code.",
                target="idempotencyKey",
            )
        if record.report is not None:
            return reported_execution(call.session_id, call.execution_id, record.report, told, run if told else None)
        if told is not None:  # it is said to be there, and has no end
            return _without_report(call.session_id, call.execution_id, record)
    elif _is_not_ipython(run):
        # Nothing of the user's ran: there is no record, and the expression that would have made one failed.
        runs.refused(call.pool, call.session_id)
        return replace(call.bare(), notice=_NO_REPORT)
    return replace(bare_execution(call.session_id, call.execution_id, _unmarked(run)), notice=_NO_REPORT)


def _has_python(pool: SessionPoolClient) -> bool:
    try:
        return any("python" in name.lower() for name, _ in pool.get_metadata().runtimes)
    except ConnectorError:
        return True  # nobody knows


def _repeated_bare(call: _Call) -> Execution | None:
    """The first run of a key, which the pool knows by its id; None when there was none."""
    try:
        run = call.pool.get_execution(call.session_id, call.execution_id)
    except ExecutionNotFound:
        return None
    return bare_execution(call.session_id, call.execution_id, run)


def _new_session_id(key: str | None) -> str:
    """With a key, the same for each call with it: a call that is made again finds the session of the first."""
    return mint_session_id() if key is None else hashlib.sha256(f"session\n{key}".encode()).hexdigest()[:32]


def _execution_id(session_id: str, key: str) -> str:
    return str(uuid.uuid5(_KEYS, f"{session_id}\n{key}"))


def _asked_for(session_id: str, execution_id: str, note: Note) -> Execution:
    """A run that has not begun, or never will."""
    if note.error:
        return Execution(session_id, execution_id, "Failed", error=ExecutionError(note.error, note.message))
    if datetime.now(UTC) - note.asked < _LONGEST_RUN:
        return Execution(session_id, execution_id, "Running")
    return Execution(session_id, execution_id, "Unknown", error=_LOST)


def _is_not_ipython(run: Run) -> bool:
    return run.status == "Failed" and ("get_ipython" in run.stderr or "SyntaxError" in run.stderr)


def _unmarked(run: Run) -> Run:
    """Without what the harness began to say."""
    return replace(run, stdout=run.stdout.partition("\x1e")[0])


def _without_report(session_id: str, execution_id: str, record: Record) -> Execution:
    now = datetime.now(UTC)
    goes_on = not record.is_lost and record.started is not None and now - record.started < _LONGEST_RUN
    if goes_on:
        return Execution(session_id, execution_id, "Running")
    return Execution(session_id, execution_id, "Failed", error=_ENDED)


_LOST = ExecutionError(
    "ConnectionLost",
    "The connection to the session broke off after the code was handed over: it may have run, or not.",
    hint="Ask for this execution ID with GetExecution. If that finds no such run, the code may still have run: look at "
    "the session's files before you run it again.",
)
_ENDED = ExecutionError(
    "KernelRestarted",
    "The session's interpreter ended while the code was running, and was started again.",
    hint="The code ran in part. Files are kept; run the code that makes the variables again.",
)
_NO_REPORT = (
    "The session did not report on this run, as when its code ends the interpreter or changes its insides. This answer "
    "has only what the pool itself tells: no list of files, at most one output."
)

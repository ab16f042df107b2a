"""One of a session's kernels: it executes one request after the other and enforces their time limits.

A request may have to wait although none runs: for code that an earlier one has scheduled on the interpreter's event
loop. It then waits for at most its time limit. Failures of user code are results here, never exceptions.
"""

import asyncio
import errno
import os
import time
from typing import Any

from ..engines.interface import InterpreterEnded, Message, SessionProcess
from .execution import Execution, Recorder

LONGEST_RUN_SECONDS = 220
_GRACE_SECONDS = 2.0  # between the interrupt at the deadline and the end of an interpreter that ignores it
_BEGIN_SECONDS = 0.1  # from the interpreter's announcement to its arrival here
_TOO_LONG, _CANNOT_EXECUTE = os.strerror(errno.E2BIG), 126  # as bash reports a command that is too long
_STATE_LOST = "Variables are lost, files are kept."


class Kernel:
    """Starts its interpreter at once, and a new one when a request finds none."""

    def __init__(self, name: str, process: SessionProcess, longest_run_seconds: int = LONGEST_RUN_SECONDS) -> None:
        self._process = process
        self._longest_run_seconds = longest_run_seconds
        self._interpreter = process.interpreter(name)
        if not self._interpreter.is_running:
            self._interpreter.start()
        self._turn = asyncio.Lock()

    async def execute(self, execution: Execution) -> None:
        """Returns when the execution has ended, with its outcome in `execution`."""
        async with self._turn:
            await self._run(execution)

    async def _run(self, execution: Execution) -> None:
        recorder = Recorder(execution)
        execution.status = "Running"
        timeout_seconds = execution.request.timeout_seconds
        seconds = min(timeout_seconds or self._longest_run_seconds, self._longest_run_seconds)
        timeout_text = _timeout_text(None if timeout_seconds is None else seconds)
        execution.started = time.monotonic()
        try:
            if execution.request.fault == "refuseCommand" and "command" in execution.request.program:
                recorder.note(f"{execution.request.program['command'][0]}: {_TOO_LONG}\n")
                recorder.succeed()
                execution.exit_code = _CANNOT_EXECUTE
                return
            if not self._interpreter.is_running:
                if self._interpreter.lost:
                    recorder.note(f"{_restarted(self._interpreter.lost)}\n")
                self._interpreter.start()
            reply = await self._reply(recorder, seconds)
            if reply.get("status") == "ok":
                recorder.succeed()
                execution.exit_code = _exit_code(reply)
                if _asks_to_exit(reply):
                    # A kernel ends itself a moment after this reply; the next request must not reach it while it ends.
                    await self._interpreter.end()
            else:
                recorder.fail(recorder.failure(reply))
        except _TimedOut:
            recorder.fail(timeout_text)
            execution.milliseconds = 1000 * seconds
        except _Flood:
            recorder.fail(f"Execution aborted: the code wrote more output than can be taken. {_STATE_LOST}")
        except _Stuck:
            recorder.fail(f"{timeout_text}. It ignored the interrupt: the kernel was restarted. {_STATE_LOST}")
        except InterpreterEnded as end:
            if self._process.is_closed:
                recorder.fail("Execution aborted: the session has ended")
            else:
                recorder.fail(_restarted(end))
        finally:
            if execution.status == "Running":  # the session or the server is ending
                recorder.fail("Execution aborted")
            execution.ended = time.monotonic()
            if not execution.milliseconds:
                execution.milliseconds = round((execution.ended - execution.started) * 1000)

    async def _reply(self, recorder: Recorder, seconds: float) -> dict[str, Any]:
        """The content of the interpreter's reply. Raises InterpreterEnded, _TimedOut, _Stuck and _Flood.

        A request that has not begun in time is withdrawn, and what it waits for is left alone, unless the fault
        `restartQueued` was requested for it.
        """
        begun = asyncio.Event()

        def sink(message: Message) -> None:
            was_flooded = recorder.flooded
            recorder.take(message)
            if recorder.flooded and not was_flooded:
                self._interpreter.kill()

        execution = recorder.execution
        program = {**execution.request.program, "expires_at": execution.started + seconds}
        run = asyncio.ensure_future(self._interpreter.run(execution.execution_id, program, sink, begun.set))
        beginning = asyncio.ensure_future(begun.wait())
        try:
            done, _ = await asyncio.wait({run}, timeout=seconds)
            if done:
                return _content(run.result())
            # It may have begun just in time, and announce that a moment later.
            await asyncio.wait({run, beginning}, timeout=_BEGIN_SECONDS, return_when=asyncio.FIRST_COMPLETED)
            if not begun.is_set() and execution.request.fault != "restartQueued":
                raise _TimedOut
            self._interpreter.interrupt()
            done, _ = await asyncio.wait({run}, timeout=_GRACE_SECONDS)
            if done:
                run.result()
                raise _TimedOut
            self._interpreter.kill()
            await run
            raise _Stuck
        except InterpreterEnded:
            if recorder.flooded:
                raise _Flood from None
            if run.done() and not done:
                raise _Stuck from None
            execution.never_began = not begun.is_set()
            raise
        finally:
            run.cancel()
            beginning.cancel()


async def warm_up(process: SessionProcess) -> None:
    """Starts the main interpreter and waits until it replies. Raises InterpreterEnded."""
    interpreter = process.interpreter("main")
    interpreter.start()
    await interpreter.run("warm-up", {}, lambda _: None)


class _TimedOut(Exception):
    """The request was interrupted, or did not begin."""


class _Stuck(Exception):
    """The code ignored the interrupt, and its interpreter was killed."""


class _Flood(Exception):
    """The code wrote too much, and its interpreter was killed."""


def _asks_to_exit(reply: dict[str, Any]) -> bool:
    """True if the code called exit() or quit(), which end a Jupyter kernel."""
    payload = reply.get("payload")
    return isinstance(payload, list) and any(
        isinstance(item, dict) and item.get("source") == "ask_exit" for item in payload
    )


def _exit_code(reply: dict[str, Any]) -> int | None:
    code = reply.get("exit_code")
    return code if isinstance(code, int) else None


def _content(reply: Message) -> dict[str, Any]:
    content = reply.get("content")
    return content if isinstance(content, dict) else {}


def _timeout_text(seconds: int | None) -> str:
    """`seconds` is None if the request did not set a timeout."""
    text = "Request timed out waiting for code execution to complete"
    return text if seconds is None else f"{text} after {seconds} seconds"


def _restarted(end: InterpreterEnded) -> str:
    how = f"with exit code {end.status}" if end.status >= 0 else f"by signal {-end.status}"
    return f"Kernel restarted: {end.why or f'the interpreter ended {how}'}. {_STATE_LOST}"

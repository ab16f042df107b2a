"""One session: an identifier's interpreter, its files, its runs and its clock."""

import asyncio
import time
from collections import OrderedDict
from datetime import UTC, datetime, timedelta
from typing import Any

from . import frames
from .data_folder import DataFolder
from .engine import InterpreterEnded, SessionProcess
from .execution import DEFAULT_STREAM_CHARACTERS, Execution, Recorder, failure_text

LONGEST_RUN_SECONDS = 220
_GRACE_SECONDS = 2.0  # between the interrupt at the deadline and the end of an interpreter that ignores it
_KEPT_EXECUTIONS = 50
_STATE_LOST = "Variables are lost, files are kept."


class Session:
    """Made by the pool. Runs wait for each other; everything else may happen meanwhile."""

    def __init__(self, identifier: str, process: SessionProcess, cooldown: timedelta) -> None:
        self.identifier = identifier
        self.created_at = datetime.now(UTC)
        self.last_accessed_at = self.created_at
        self._process = process
        self._cooldown = cooldown
        self._turn = asyncio.Lock()
        self._waiting = 0
        self._executions: OrderedDict[str, Execution] = OrderedDict()

    @property
    def data(self) -> DataFolder:
        return self._process.data

    @property
    def has_ended(self) -> bool:
        """Its processes are gone, and its files with them; it can do nothing more."""
        return self._process.is_closed

    @property
    def expires_at(self) -> datetime:
        return self.last_accessed_at + self._cooldown

    @property
    def is_idle(self) -> bool:
        """No run is going on or waiting. The pool ends only idle sessions when their time is over."""
        return self._waiting == 0

    def touch(self) -> None:
        """Starts the cooldown anew. The pool calls this for every request."""
        self.last_accessed_at = datetime.now(UTC)

    def execution(self, execution_id: str) -> Execution | None:
        return self._executions.get(execution_id)

    async def execute(
        self,
        execution_id: str,
        code: str,
        *,
        timeout_seconds: int | None = None,
        stream_characters: int = DEFAULT_STREAM_CHARACTERS,
    ) -> Execution:
        """Runs `code` and returns how it went; whatever the code does is a result, never an exception."""
        execution = Execution(execution_id, stream_characters=stream_characters)
        self._executions[execution_id] = execution
        while len(self._executions) > _KEPT_EXECUTIONS:
            self._executions.popitem(last=False)
        self._waiting += 1
        try:
            async with self._turn:
                await self._run(execution, code, timeout_seconds)
        finally:
            self._waiting -= 1
            self.touch()
        return execution

    def close(self) -> None:
        """Ends the session at once, with a run that may be going on."""
        self._process.close()

    async def _run(self, execution: Execution, code: str, timeout_seconds: int | None) -> None:
        recorder = Recorder(execution)
        execution.status = "Running"
        started = time.monotonic()
        try:
            if not self._process.has_interpreter:
                self._process.start()
            reply, timed_out = await self._reply(recorder, code, timeout_seconds or LONGEST_RUN_SECONDS)
            if timed_out:
                recorder.fail(_timeout_text(timeout_seconds))
            elif reply.get("status") == "ok":
                recorder.succeed()
                if _asks_to_exit(reply):
                    # A kernel ends itself a moment after this reply; the next run must not meet it on the way out.
                    await self._process.end_interpreter()
            else:
                recorder.fail(failure_text(reply))
        except _Flood:
            recorder.fail(f"Execution aborted: the code wrote more output than can be taken. {_STATE_LOST}")
        except _Stuck:
            recorder.fail(
                f"{_timeout_text(timeout_seconds)}. It ignored the interrupt: the kernel was restarted. {_STATE_LOST}"
            )
        except InterpreterEnded as end:
            if self.has_ended:
                recorder.fail("Execution aborted: the session has ended")
            else:
                recorder.fail(f"Kernel restarted: the interpreter ended {_how(end.status)}. {_STATE_LOST}")
        finally:
            if execution.status == "Running":  # the session or the server is ending
                recorder.fail("Execution aborted")
            execution.milliseconds = round((time.monotonic() - started) * 1000)

    async def _reply(self, recorder: Recorder, code: str, seconds: float) -> tuple[dict[str, Any], bool]:
        """The content of the kernel's reply, and whether it had to be interrupted.

        Raises InterpreterEnded, _Stuck and _Flood.
        """

        def sink(message: frames.Message) -> None:
            recorder.take(message)
            if recorder.flooded:
                self._process.kill()

        run = asyncio.ensure_future(self._process.run(recorder.execution.execution_id, code, sink))
        try:
            done, _ = await asyncio.wait({run}, timeout=min(seconds, LONGEST_RUN_SECONDS))
            if done:
                return _content(run.result()), False
            self._process.interrupt()
            done, _ = await asyncio.wait({run}, timeout=_GRACE_SECONDS)
            if done:
                return _content(run.result()), True
            self._process.kill()
            await run
            raise _Stuck
        except InterpreterEnded:
            if recorder.flooded:
                raise _Flood from None
            if run.done() and not done:
                raise _Stuck from None
            raise
        finally:
            run.cancel()


class _Stuck(Exception):
    """The code ignored the interrupt, and its interpreter was killed."""


class _Flood(Exception):
    """The code wrote without end, and its interpreter was killed."""


def _asks_to_exit(reply: dict[str, Any]) -> bool:
    """True when the code called exit() or quit(), which end a Jupyter kernel."""
    payload = reply.get("payload")
    return isinstance(payload, list) and any(
        isinstance(item, dict) and item.get("source") == "ask_exit" for item in payload
    )


def _content(reply: frames.Message) -> dict[str, Any]:
    content = reply.get("content")
    return content if isinstance(content, dict) else {}


def _timeout_text(timeout_seconds: int | None) -> str:
    text = "Request timed out waiting for code execution to complete"
    return text if timeout_seconds is None else f"{text} after {min(timeout_seconds, LONGEST_RUN_SECONDS)} seconds"


def _how(status: int) -> str:
    return f"with exit code {status}" if status >= 0 else f"by signal {-status}"

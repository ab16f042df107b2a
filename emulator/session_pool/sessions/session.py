"""One session: an identifier's kernels, files, executions and cooldown."""

import asyncio
import time
import uuid
from collections import OrderedDict
from datetime import UTC, datetime, timedelta

from ..engines.interface import Files, SessionProcess
from .execution import Execution, Request
from .kernel import Kernel

MAX_WAITING = 256
_MAX_WAITING_BYTES = 32 << 20
_KEPT_EXECUTIONS = 50
_LOOK_SECONDS = 0.02
_KEPT_BYTES = 32 << 20  # of their long texts; the newest is kept whatever its size


class TooManyExecutions(Exception):
    """As many run or wait in the session as may, or their code is as large as it may be."""


class Session:
    """Created by the pool. Executions of one kernel wait for each other; everything else is concurrent."""

    def __init__(self, identifier: str, process: SessionProcess, cooldown: timedelta, longest_run_seconds: int) -> None:
        self.identifier = identifier
        self.guid = uuid.uuid4()
        self.created_at = datetime.now(UTC)
        self.last_accessed_at = self.created_at
        self._process = process
        self._cooldown = cooldown
        self._longest_run_seconds = longest_run_seconds
        self._kernels = {"main": Kernel("main", process, longest_run_seconds)}
        self._running: set[asyncio.Task[None]] = set()
        self._was_closed = False
        self._executions: OrderedDict[str, Execution] = OrderedDict()
        self._has_long_texts = False

    @property
    def data(self) -> Files:
        return self._process.data

    @property
    def has_ended(self) -> bool:
        """Its processes have ended and its files are deleted; it cannot be used any more."""
        return self._process.is_closed

    async def dies_within(self, seconds: float) -> bool:
        """Whether its processes have ended by then although the pool has not ended it."""
        deadline = time.monotonic() + seconds
        while not self.has_ended and time.monotonic() < deadline:
            await asyncio.sleep(_LOOK_SECONDS)
        return self.has_ended and not self._was_closed

    @property
    def expires_at(self) -> datetime:
        return self.last_accessed_at + self._cooldown

    @property
    def is_idle(self) -> bool:
        """No execution runs or waits. The pool ends only idle sessions after the cooldown.

        Code that an execution has scheduled on the interpreter's event loop does not count.
        """
        return not self._running

    def touch(self) -> None:
        """Restarts the cooldown. The pool calls this for every request."""
        self.last_accessed_at = datetime.now(UTC)

    def execution(self, execution_id: str) -> Execution | None:
        return self._executions.get(execution_id)

    def start(self, execution_id: str, request: Request) -> tuple[Execution, asyncio.Task[None]]:
        """Queues an execution. The task ends with it, and continues if it is no longer awaited.

        Raises TooManyExecutions.
        """
        waiting = [execution.request.size for execution in self._executions.values() if not execution.ended]
        if len(waiting) >= MAX_WAITING or sum(waiting, request.size) > max(_MAX_WAITING_BYTES, request.size):
            raise TooManyExecutions
        execution = Execution(execution_id, request)
        self._executions[execution_id] = execution
        self._forget_executions()
        if request.kernel not in self._kernels:
            self._kernels[request.kernel] = Kernel(request.kernel, self._process, self._longest_run_seconds)
        run = asyncio.create_task(self._kernels[request.kernel].execute(execution))
        self._running.add(run)
        run.add_done_callback(lambda run: self._ran(run, execution))
        return execution, run

    def _forget_executions(self) -> None:
        """Forgets the oldest of those that have ended; one that runs can still be polled."""
        if len(self._executions) <= _KEPT_EXECUTIONS and not self._has_long_texts:
            return  # as after almost every execution
        ended = [name for name, execution in self._executions.items() if execution.ended]
        size = sum(execution.size for execution in self._executions.values()) if self._has_long_texts else 0
        for name in ended[:-1]:
            if len(self._executions) <= _KEPT_EXECUTIONS and size <= _KEPT_BYTES:
                return
            size -= self._executions.pop(name).size

    async def execute(self, execution_id: str, request: Request) -> Execution:
        """Returns when it has ended; failures of user code are results, never exceptions."""
        execution, run = self.start(execution_id, request)
        await asyncio.shield(run)
        return execution

    def close(self) -> None:
        """Ends the session at once, and what runs in it."""
        self._was_closed = True
        self._process.close()

    def _ran(self, run: asyncio.Task[None], execution: Execution) -> None:
        self._running.discard(run)
        self._has_long_texts |= execution.size > 0
        self._forget_executions()
        self.touch()

"""One conversation: an agent with its memory, and a session of the connector that nobody else uses."""

import asyncio
import logging
import time
from dataclasses import dataclass, field
from typing import Any

from autogen_core import CancellationToken

from .agent import make_agent
from .connector import Connector
from .errors import AnswerTimeout, ApiError, ConnectorError, ConversationBusy, ConversationFull, ConversationNotFound
from .executor import ConnectorCodeExecutor
from .model import Model, model_failure
from .results import RunResult
from .session import Session, SessionFile
from .settings import Settings

_LOG = logging.getLogger(__name__)
_MOST_WAITING = 4
_INTERRUPTED = (
    "The user's previous message was interrupted before you answered. Its code may have run in part: check variables "
    "and files before you rely on them."
)


@dataclass(frozen=True)
class Answer:
    """What the agent answered, and the runs that it made for that."""

    text: str
    runs: list[RunResult] = field(default_factory=list)


class Conversation:
    """Messages are answered one at a time, in the order in which they arrive."""

    def __init__(self, conversation_id: str, connector: Connector, model: Model, settings: Settings) -> None:
        self.id = conversation_id
        self.last_used = time.monotonic()
        self._settings = settings
        self._executor = ConnectorCodeExecutor(
            connector.url,
            timeout=settings.run_seconds,
            connector=connector,
            # The agent limits its rounds, and a model may request any number of runs in one round.
            may_run=lambda: len(self._runs) < settings.most_runs,
            on_run=self._note_run,
            on_failure=self._note_failure,
        )
        self._agent = make_agent(self._executor, model.client, settings.most_runs)
        self._order = asyncio.Lock()
        self._requests: set[asyncio.Task[Any]] = set()
        self._turns = 0
        self._remarks: list[str] = []
        self._ended = False
        # Of the answer in progress:
        self._runs: list[RunResult] = []
        self._failure: ConnectorError | None = None
        self._agent_task: asyncio.Task[Any] | None = None
        self._token = CancellationToken()

    @property
    def is_busy(self) -> bool:
        """Whether a request is in progress or waits."""
        return bool(self._requests)

    @property
    def session(self) -> Session:
        """The conversation's session. Raises ConversationNotFound after its end."""
        if self._ended:
            raise ConversationNotFound
        self.last_used = time.monotonic()
        return self._executor.session

    async def ask(self, message: str) -> Answer:
        """The agent's answer. If this call is canceled, so are the run in progress and the call of the model.

        After any failure the agent remembers the conversation as it was before the message. Raises ApiError.
        """
        if len(self._requests) > _MOST_WAITING:
            raise ConversationBusy(
                "The conversation has unanswered messages. Wait for their answers.", retry_after_seconds=5
            )
        request = asyncio.current_task()
        assert request is not None
        self._requests.add(request)
        try:
            async with self._order:
                if self._ended:
                    raise ConversationNotFound
                return await self._answer(message)
        except asyncio.CancelledError:
            if self._ended:
                raise ConversationNotFound from None
            raise
        finally:
            self._requests.discard(request)
            self.last_used = time.monotonic()

    def note_upload(self, file: SessionFile) -> None:
        """Tells the model about a file, with the next message."""
        self._remarks.append(f"The user uploaded the file {file.path} ({file.size} bytes) to /mnt/data.")

    async def end(self) -> None:
        """Cancel what is in progress, and end the session. A connector that fails leaves it to expire."""
        self._ended = True
        requests = set(self._requests)
        for request in requests:
            request.cancel()
        if requests:
            await asyncio.wait(requests, timeout=10)
        try:
            await self._executor.stop()
        except ApiError as error:
            _LOG.warning("A session could not be ended, and will expire: %s", error.code)

    async def _answer(self, message: str) -> Answer:
        if self._turns >= self._settings.most_turns:
            raise ConversationFull("The conversation has had its last answer. Begin a new one.")
        before = await self._agent.save_state()
        remarks, self._remarks = self._remarks, []
        task = "\n\n".join([*(f"[{remark}]" for remark in remarks), message])
        self._runs, self._failure, self._token = [], None, CancellationToken()
        self._agent_task = asyncio.create_task(self._agent.run(task=task, cancellation_token=self._token))
        try:
            async with asyncio.timeout(self._settings.answer_seconds):
                result = await self._agent_task
        except BaseException as error:
            await self._stop_agent()
            await self._agent.load_state(before)
            self._remarks = [remark for remark in remarks if remark != _INTERRUPTED] + self._remarks
            if self._failure is None or self._runs:
                self._remarks.append(_INTERRUPTED)
            if self._failure is not None:
                raise self._failure from None
            if isinstance(error, TimeoutError):
                seconds = self._settings.answer_seconds
                raise AnswerTimeout(f"The answer took longer than {seconds} s. Ask for less at a time.") from None
            if isinstance(error, ApiError) or not isinstance(error, Exception):
                raise
            failure = model_failure(error)
            _LOG.warning("The model failed: %s", type(error).__name__)
            raise failure from error
        self._turns += 1
        return Answer(result.messages[-1].to_text(), self._runs)

    async def _stop_agent(self) -> None:
        """Cancel both: the token cancels the run in the session, and the task what waits for it in AutoGen."""
        task = self._agent_task
        assert task is not None
        self._token.cancel()
        task.cancel()
        await asyncio.wait({task}, timeout=10)

    def _note_run(self, run: RunResult) -> None:
        self._runs.append(run)

    def _note_failure(self, failure: ConnectorError) -> None:
        """An error of the connector ends the answer: AutoGen would show it to the model, which cannot correct it."""
        self._failure = failure
        self._token.cancel()
        if self._agent_task is not None:
            self._agent_task.cancel()

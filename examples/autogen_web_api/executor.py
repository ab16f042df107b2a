"""AutoGen's CodeExecutor over the connector: for PythonCodeExecutionTool and CodeExecutorAgent."""

import asyncio
import os
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self, TypeVar

from autogen_core import CancellationToken, Component
from autogen_core.code_executor import CodeBlock, CodeExecutor, CodeResult
from pydantic import BaseModel, Field

from .connector import Connector
from .errors import ConnectorError, FileNotFound
from .results import RunResult, run_result
from .session import Session, SessionFile
from .sign_in import EntraSignIn, KeySignIn

_T = TypeVar("_T")
_PYTHON = {"", "python", "py", "python3", "ipython"}
_NO_MORE_RUNS = "This block was not run: there were as many runs as are allowed. Answer with what you have."
_MISSING_FILES = (
    "[The session is new: it had expired or its interpreter was restarted. Variables of earlier runs no longer exist, "
    "and files may be missing: list them before you use them.]"
)


class ConnectorCodeExecutorConfig(BaseModel):
    """What `dump_component` writes. It has no secret: `key_variable` names the environment variable with the key."""

    connector_url: str
    key_variable: str = "CONNECTOR_KEY"
    audience: str | None = None
    client_id: str | None = None
    timeout: int = Field(default=120, ge=2, le=3600)
    patience: float = Field(default=30, ge=0)
    work_dir: str | None = None


@dataclass
class ConnectorCodeResult(CodeResult):
    """A CodeResult with the runs that it is made of, one for each block that ran."""

    runs: list[RunResult] = field(default_factory=list)


class ConnectorCodeExecutor(CodeExecutor, Component[ConnectorCodeExecutorConfig]):
    """Runs Python in one session of the Code Interpreter Connector.

    Args:
        connector_url: The connector's address, which ends in `/api`.
        key_variable: The environment variable that has the function key, if the connector requires one.
        audience: The audience of tokens of Entra ID; if it is set, no key is used.
        client_id: The client ID of a user-assigned managed identity, for these tokens.
        timeout: How many seconds one block may run, 2 to 3600.
        patience: For how many seconds a request that gets no answer is sent again.
        work_dir: The local folder that files are uploaded from and downloaded to; the current one by default.
        connector: The connector to use instead of one of the executor's own. It is not closed by `stop`.
        may_run: Asked before each block. If it returns False, the block does not run, and the output says so.
        on_run: Called with the result of each block.
        on_failure: Called with an error of the connector, before that is raised.

    Variables and files persist from block to block and from call to call, until `stop` or `restart` ends the session.
    """

    component_config_schema = ConnectorCodeExecutorConfig

    def __init__(
        self,
        connector_url: str,
        *,
        key_variable: str = "CONNECTOR_KEY",
        audience: str | None = None,
        client_id: str | None = None,
        timeout: int = 120,
        patience: float = 30,
        work_dir: str | Path | None = None,
        connector: Connector | None = None,
        may_run: Callable[[], bool] | None = None,
        on_run: Callable[[RunResult], None] | None = None,
        on_failure: Callable[[ConnectorError], None] | None = None,
    ) -> None:
        self._config = ConnectorCodeExecutorConfig(
            connector_url=connector_url,
            key_variable=key_variable,
            audience=audience,
            client_id=client_id,
            timeout=timeout,
            patience=patience,
            work_dir=None if work_dir is None else str(work_dir),
        )
        self._shared = connector
        self._may_run, self._on_run, self._on_failure = may_run, on_run, on_failure
        self._own: Connector | None = None
        self._session: Session | None = None
        self._has_run = False
        self._work: set[asyncio.Future[ConnectorCodeResult]] = set()
        # A model may call the tool several times at once. Its blocks run in the order of the calls.
        self._order = asyncio.Lock()

    @property
    def timeout(self) -> int:
        """How many seconds one block may run."""
        return self._config.timeout

    @property
    def work_dir(self) -> Path:
        """The local folder of `upload_files` and `download_files`."""
        return Path(self._config.work_dir or ".")

    async def execute_code_blocks(
        self, code_blocks: Sequence[CodeBlock], cancellation_token: CancellationToken
    ) -> ConnectorCodeResult:
        """Run the blocks in order, up to the first that fails.

        The exit code is 0 if all succeeded, 124 if one exceeded `timeout`, else 1. The output is for a model: what each
        block printed, its last value, its error with line and hint, and the names of its images and files.

        Raises asyncio.CancelledError if the token is canceled, after the run in the session is; TimeoutError if the
        connector has not returned the result a minute after `timeout`; and ConnectorError.
        """
        work = asyncio.ensure_future(self._execute(code_blocks))
        cancellation_token.link_future(work)
        self._work.add(work)
        work.add_done_callback(self._work.discard)
        try:
            return await work
        except ConnectorError as error:
            if self._on_failure is not None:
                self._on_failure(error)
            raise

    async def upload_files(self, files: Sequence[Path | str], cancellation_token: CancellationToken) -> None:
        """Upload files of `work_dir` to /mnt/data, without their folders. Raises FileNotFoundError, ConnectorError."""
        for file in files:
            content = await asyncio.to_thread((self.work_dir / file).read_bytes)
            await _linked(self.upload(Path(file).name, content), cancellation_token)

    async def download_files(self, files: Sequence[Path | str], cancellation_token: CancellationToken) -> list[str]:
        """Download files of /mnt/data to `work_dir`, in the same folders. Returns their local paths.

        Raises FileNotFoundError, ValueError for a path that leaves the folder, and ConnectorError.
        """
        return [await _linked(self._download(str(file)), cancellation_token) for file in files]

    async def get_file_list(self, cancellation_token: CancellationToken) -> list[str]:
        """The paths of all files in /mnt/data, relative to it."""
        return [file.path for file in await _linked(self.session.files(), cancellation_token)]

    async def upload(self, name: str, content: bytes) -> SessionFile:
        """Store a file in /mnt/data."""
        return await self.session.upload(name, content)

    @property
    def session(self) -> Session:
        """The session, of which nothing exists in the pool before its first use."""
        if self._session is None:
            self._session = Session(self._connector())
        return self._session

    async def start(self) -> None:
        """Nothing to do: the session begins with its first use."""

    async def stop(self) -> None:
        """End the session. The executor can be used again, in a new session. Raises ConnectorError."""
        try:
            await self.restart()
        finally:
            own, self._own, self._session = self._own, None, None
            if own is not None:
                await own.close()

    async def restart(self) -> None:
        """Cancel what runs and end the session; what follows runs in a new one, without variables and files.

        As with AutoGen's own executor for sessions, files that were uploaded are to be uploaded again. Raises
        ConnectorError.
        """
        running = set(self._work)
        for work in running:
            work.cancel()
        if running:
            await asyncio.wait(running)
        ended, self._session, self._has_run = self._session, None, False
        if ended is not None:
            await ended.end()

    async def _execute(self, blocks: Sequence[CodeBlock]) -> ConnectorCodeResult:
        runs: list[RunResult] = []
        async with self._order:
            for block in blocks:
                if block.language.strip().lower() not in _PYTHON:
                    text = f"Blocks of the language {block.language} cannot be run. Write Python."
                    return ConnectorCodeResult(1, _joined([*(run.text for run in runs), text]), runs)
                if self._may_run is not None and not self._may_run():
                    return ConnectorCodeResult(1, _joined([*(run.text for run in runs), _NO_MORE_RUNS]), runs)
                execution = await self.session.run(block.code, self.timeout)
                run = run_result(block.code, self._with_remark(execution))
                runs.append(run)
                if self._on_run is not None:
                    self._on_run(run)
                if not run.succeeded:
                    code = 124 if self._timed_out(execution) else 1
                    return ConnectorCodeResult(code, _joined([run.text for run in runs]), runs)
        return ConnectorCodeResult(0, _joined([run.text for run in runs]), runs)

    def _with_remark(self, execution: dict[str, Any]) -> dict[str, Any]:
        """States in the notice that a session which had variables has none, so that a model looks before it relies."""
        lost = self._has_run and execution.get("isNewSession", False)
        self._has_run = True
        notices = [execution.get("notice", ""), _MISSING_FILES if lost else ""]
        return {**execution, "notice": _joined(notices)}

    def _timed_out(self, execution: dict[str, Any]) -> bool:
        """Whether the run was stopped at `timeout`. Code can raise a TimeoutError itself, but before that."""
        is_timeout = (execution.get("error") or {}).get("name") == "TimeoutError"
        return is_timeout and bool(execution["durationInMilliseconds"] >= self.timeout * 1000)

    async def _download(self, path: str) -> str:
        folder = self.work_dir.resolve()
        local = (folder / path).resolve()
        if not local.is_relative_to(folder):
            raise ValueError(f"The path {path} leaves the work_dir. Use a path below it.")
        try:
            async with self.session.download(path) as response:
                content = await response.aread()
        except FileNotFound as error:
            raise FileNotFoundError(error.message) from None
        await asyncio.to_thread(_write, local, content)
        return str(self.work_dir / path)

    def _connector(self) -> Connector:
        if self._shared is not None:
            return self._shared
        if self._own is None:
            config = self._config
            sign_in = (
                EntraSignIn(config.audience, config.client_id)
                if config.audience
                else KeySignIn(os.environ.get(config.key_variable))
            )
            self._own = Connector(config.connector_url, sign_in, patience_seconds=config.patience)
        return self._own

    def _to_config(self) -> ConnectorCodeExecutorConfig:
        return self._config.model_copy()

    @classmethod
    def _from_config(cls, config: ConnectorCodeExecutorConfig) -> Self:
        return cls(**config.model_dump())


async def _linked(work: Coroutine[Any, Any, _T], cancellation_token: CancellationToken) -> _T:
    """Await work that the token cancels."""
    task = asyncio.ensure_future(work)
    cancellation_token.link_future(task)
    return await task


def _joined(texts: Sequence[str]) -> str:
    return "\n".join(text for text in texts if text)


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)

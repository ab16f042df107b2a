"""One session of the connector: runs code in it exactly once, moves files, ends it. Knows no AutoGen."""

import asyncio
import contextlib
import time
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import httpx

from .connector import Connector
from .errors import ConnectorError, FileNotFound, InvalidFileName

_WAIT_SECONDS = 20
"""How long one call waits for a run. Below every limit for a request on the way, and above what most runs take."""
_SECONDS_BEYOND_WAIT = 20
_SHORTEST_POLL_SECONDS, _LONGEST_POLL_SECONDS = 0.5, 5.0
_CANCEL_SECONDS = 5
"""How long a canceled call waits until the connector has canceled the run."""
_END_SECONDS = 6
"""How long the end of the session waits for cancellations, and these for the calls of their runs."""
_QUEUE_SECONDS = 60
"""How much longer than its timeout a run may take, from the first request to the result: a new session, a queue."""


@dataclass(frozen=True)
class SessionFile:
    """A file of the session. `path` is below /mnt/data, with slashes between folders; `size` is in bytes."""

    path: str
    content_type: str
    size: int | None = None


class Session:
    """A session of `connector`. Its ID is minted here, is hard to guess, and exists before the first request: so the
    session can be ended even if no response has arrived. The connector creates the session at its first use.
    """

    def __init__(self, connector: Connector) -> None:
        self._connector = connector
        self._id = str(uuid.uuid4())
        self._used = False
        self._cancellations: set[asyncio.Task[None]] = set()

    async def run(self, code: str, timeout_seconds: int) -> dict[str, Any]:
        """The Execution, as openapi.yaml has it, after its end. If this call is canceled, so is the run.

        Raises TimeoutError, after it has canceled the run, if that has not ended a while after its timeout; and the
        errors of `Connector.request`.
        """
        body = {
            "pythonCode": code,
            "sessionId": self._id,
            "timeoutInSeconds": timeout_seconds,
            # Less than the timeout, so that it is a background run: only those can be canceled.
            "waitInSeconds": min(_WAIT_SECONDS, timeout_seconds - 1),
            "includeContent": "never",
            "idempotencyKey": uuid.uuid4().hex,
        }
        start = asyncio.create_task(self._start(body))
        try:
            async with asyncio.timeout(timeout_seconds + _QUEUE_SECONDS):
                return await self._until_ended(await asyncio.shield(start), timeout_seconds)
        except (asyncio.CancelledError, TimeoutError):
            # In a task of its own, which goes on if the connector does not answer soon.
            task = asyncio.create_task(self._cancel(body, start))
            self._cancellations.add(task)
            task.add_done_callback(self._cancellations.discard)
            await asyncio.wait({task}, timeout=_CANCEL_SECONDS)
            raise

    async def upload(self, name: str, content: bytes) -> SessionFile:
        """Store a file in /mnt/data. Raises InvalidFileName, and ConnectorError."""
        response = await self._connector.request(
            "PUT", f"/files/{_segment(name)}", query={"sessionId": self._id}, content=content, seconds=110
        )
        self._used = True
        return _file(response.json()["files"][0])

    async def files(self) -> list[SessionFile]:
        """All files in /mnt/data and its folders, except those that the connector keeps for itself."""
        query = {"sessionId": self._id, "recursive": "true", "maxItems": "1000"}
        found = []
        while True:
            page = (await self._connector.request("GET", "/files", query=query)).json()
            found += [_file(file) for file in page["files"]]
            if "continuationToken" not in page:
                return found
            query["continuationToken"] = page["continuationToken"]

    @contextlib.asynccontextmanager
    async def download(self, path: str) -> AsyncIterator[httpx.Response]:
        """The response with the content of a file, to be read as a stream. Raises FileNotFound, InvalidFileName."""
        folder, _, name = path.rpartition("/")
        query = {"sessionId": self._id, **({"folder": folder} if folder else {})}
        if not name:
            raise FileNotFound("The path has no file name. Add the name to it.")
        async with self._connector.stream(f"/files/{_segment(name)}/content", query) as response:
            if response.status_code == 404:
                raise FileNotFound(f"There is no file {path}. List the files for what there is.")
            yield response

    async def end(self) -> None:
        """Delete the session with its variables and files. It is no error if it has ended already."""
        # A call for a run that arrives after the end would begin the session anew.
        pending = set(self._cancellations)
        if pending:
            await asyncio.wait(pending, timeout=_END_SECONDS)
        for task in pending:
            task.cancel()
        if self._used:
            await self._connector.request("DELETE", f"/sessions/{self._id}", accepted=(404,))

    async def _start(self, body: dict[str, Any]) -> dict[str, Any]:
        self._used = True
        seconds = body["waitInSeconds"] + _SECONDS_BEYOND_WAIT
        execution: dict[str, Any] = (
            await self._connector.request("POST", "/executions", json=body, seconds=seconds)
        ).json()
        return execution

    async def _until_ended(self, execution: dict[str, Any], timeout_seconds: int) -> dict[str, Any]:
        begin = time.monotonic()
        while execution["status"] == "Running":
            # A tenth of the time that has passed: the result is late by that at most.
            pause = (time.monotonic() - begin) / 10
            await asyncio.sleep(min(max(pause, _SHORTEST_POLL_SECONDS), _LONGEST_POLL_SECONDS))
            query = {"sessionId": self._id, "includeContent": "never"}
            path = f"/executions/{execution['executionId']}"
            response = await self._connector.request("GET", path, query=query, accepted=(404,))
            if response.status_code == 404:
                return {**execution, "status": "Unknown", "error": _ENDED}
            execution = response.json()
        return execution

    async def _cancel(self, body: dict[str, Any], start: asyncio.Task[dict[str, Any]]) -> None:
        """Cancel the run, whether or not its ID has arrived: the same key returns the same run, which has the ID. Then
        wait for `start`, the call that began it: it ends now, and would use the session until its own end.
        """
        try:
            with contextlib.suppress(ConnectorError):  # the run ends at its timeout
                execution = await self._start({**body, "waitInSeconds": 0})
                if execution["status"] == "Running":
                    path = f"/executions/{execution['executionId']}"
                    await self._connector.request("DELETE", path, query={"sessionId": self._id}, accepted=(404,))
                await asyncio.wait({start}, timeout=_END_SECONDS)
        finally:
            start.cancel()
            await asyncio.gather(start, return_exceptions=True)


_ENDED = {
    "name": "SessionEnded",
    "message": "The session ended during the run, so its result is lost.",
    "hint": "Upload the files again, and run the code that set the variables again.",
}


def _segment(name: str) -> str:
    """Of an address. Raises InvalidFileName for what would be a step in its path, encoded or not."""
    if name in (".", ".."):
        raise InvalidFileName(f"The file name {name} is a path. Use another name.")
    return quote(name, safe="")


def _file(file: dict[str, Any]) -> SessionFile:
    folder = f"{file['folder']}/" if file.get("folder") else ""
    return SessionFile(folder + file["fileName"], file["contentType"], file.get("size"))

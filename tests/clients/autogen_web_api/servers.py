"""What the tests run: the app over HTTP, a connector that can be killed, and a proxy that loses responses."""

import asyncio
import contextlib
import os
import socket
import subprocess
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import uvicorn
from fastapi import FastAPI
from programs import ROOT


@contextlib.contextmanager
def serving(app: FastAPI) -> Iterator[str]:
    """Serve an app on a free port, in a thread with an event loop of its own. Yields its address."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(100)  # so that requests wait until the app has started
    server = uvicorn.Server(uvicorn.Config(app, access_log=False, log_level="warning"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(timeout=20)
        listener.close()
        assert not thread.is_alive(), "the app did not stop"


class ConnectorAlone:
    """A connector without a pool of its own, at a port that it keeps through restarts."""

    def __init__(self, pool_endpoint: str, identity: dict[str, str]) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self._port = free.getsockname()[1]
        self._environment = {
            "PATH": os.environ["PATH"],
            "POOL_MANAGEMENT_ENDPOINT": pool_endpoint,
            "POOL_CREDENTIAL": "managed_identity",
            "SIGNING_KEY": "the same through all restarts, and long enough for a key",
            **identity,
        }
        self.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}/api"

    def start(self) -> None:
        program = Path(__file__).with_name("connector_alone.py")
        self._process = subprocess.Popen(
            [os.environ["POOL_PYTHON"], str(program), str(self._port)],
            cwd=ROOT,
            env=self._environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        assert "ready\n" in iter(self._process.stdout.readline, "")

    def kill(self) -> None:
        """As when a machine fails: nothing in progress is finished."""
        self._process.kill()
        with self._process:
            pass


class LossyProxy:
    """Forwards to `port`. `faults` has what becomes of the next requests to run code: "lose" forwards one and drops its
    response, and any other text is the response, to a request that is not forwarded.
    """

    def __init__(self, port: int, faults: list[str]) -> None:
        self._port, self.faults = port, faults
        self.requests = 0

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[str]:
        """Yields the address of the API."""
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        async with server:
            yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/api"

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One request per connection."""
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            head = await reader.readuntil(b"\r\n\r\n")
            fields = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:] if b": " in line)
            body = await reader.readexactly(int(fields.get(b"content-length", b"0")))
            fault = ""
            if head.startswith(b"POST /api/executions"):
                self.requests += 1
                fault = self.faults.pop(0) if self.faults else ""
            if fault and fault != "lose":
                writer.write(fault.encode())
            else:
                there, back = await asyncio.open_connection("127.0.0.1", self._port)
                back.write(head.replace(b"\r\n", b"\r\nConnection: close\r\n", 1) + body)
                response = await there.read()
                back.close()
                if not fault:
                    writer.write(response)
            await writer.drain()
        writer.close()

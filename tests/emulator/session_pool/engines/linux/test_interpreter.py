"""The server's end of an interpreter that does not read, or that floods."""

import asyncio
import os
import socket
from collections.abc import Callable, Coroutine
from typing import Any

from emulator.session_pool.engines.linux.interpreter import Interpreter
from emulator.session_pool.engines.shared import frames


class Init:
    """Keeps the interpreter's ends of its socket and pipes, instead of starting one."""

    is_closed = False
    connection: socket.socket
    streams: list[int]

    def order(self, what: str, _: str, *fds: int) -> None:
        if what == "start":
            self.connection = socket.socket(fileno=os.dup(fds[0]))
            self.streams = [os.dup(fd) for fd in fds[1:]]

    def close(self) -> None:
        self.connection.close()
        for fd in self.streams:
            os.close(fd)


def with_interpreter(life: Callable[[Interpreter, Init], Coroutine[Any, Any, None]]) -> None:
    async def work() -> None:
        init = Init()
        interpreter = Interpreter("main", init)
        interpreter.start()
        try:
            await asyncio.wait_for(life(interpreter, init), 30)
        finally:
            interpreter.ended(0, "")
            init.close()

    asyncio.run(work())


def test_a_withdrawn_request_that_was_not_begun_to_be_sent_is_forgotten():
    """An interpreter that is busy for long would let the server collect them; one that was begun is completed."""

    async def life(interpreter: Interpreter, init: Init) -> None:
        for name in ("begun", "withdrawn"):
            run = asyncio.ensure_future(interpreter.run(name, {"code": "x" * 5_000_000}, lambda _: None))
            await asyncio.sleep(0)
            run.cancel()
            await asyncio.wait({run})
        run = asyncio.ensure_future(interpreter.run("last", {"code": ""}, lambda _: None))
        received: list[str] = []
        reader = frames.Reader(of_requests=True)
        init.connection.setblocking(False)
        while "last" not in received:
            chunk = await asyncio.get_running_loop().sock_recv(init.connection, 1 << 20)
            received += [message["id"] for message in reader.feed(chunk)]
        assert received == ["begun", "last"]
        run.cancel()

    with_interpreter(life)


def test_a_reply_behind_a_flood_arrives_with_all_that_was_written_before():
    """Although the flood is read in slices, and the output comes by another way."""

    async def life(interpreter: Interpreter, init: Init) -> None:
        texts: list[str] = []

        def take(message: frames.Message) -> None:
            texts.append(message["content"].get("text", ""))

        run = asyncio.ensure_future(interpreter.run("r", {"code": ""}, take))
        loop = asyncio.get_running_loop()
        init.connection.setblocking(False)
        request = next(iter(frames.Reader(of_requests=True).feed(await loop.sock_recv(init.connection, 1 << 16))))
        os.write(init.streams[0], request["mark"].encode() + b"written")
        flood = frames.encode({"type": "stream", "parent": "r", "content": {"name": "stdout", "text": "y"}}) * 1000
        for _ in range(20):
            await loop.sock_sendall(init.connection, flood)
        reply = {"type": "execute_reply", "parent": "r", "content": {"status": "ok"}}
        await loop.sock_sendall(init.connection, frames.encode(reply))
        assert (await run)["content"] == {"status": "ok"}
        assert texts.count("y") == 20_000
        assert "written" in texts

    with_interpreter(life)

"""Clients that take all they can of the pool's server. Each is entered while a neighbor is measured."""

import contextlib
import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from urllib.parse import urlencode, urlsplit

from .pool_program import ROOT, Caller, Refused

_VERSION = "2025-10-02-preview"
_FLAT = "import os\nfor n in range(90_000): open(f'/mnt/data/file-{n}', 'x').close()"
_NESTED = (
    "import os\nfor n in range(900):\n    os.mkdir(f'/mnt/data/folder-{n}')\n"
    "    for m in range(100): open(f'/mnt/data/folder-{n}/file-{m}', 'x').close()"
)

Client = Callable[[str], contextlib.AbstractContextManager[None]]


@contextlib.contextmanager
def _repeated(url: str, step: str, *, threads: int) -> Iterator[None]:
    """Runs a step of this module again and again, in a process of its own with so many threads."""
    process = subprocess.Popen([sys.executable, "-m", __spec__.name, url, step, str(threads)], cwd=ROOT)
    time.sleep(1.5)
    try:
        yield
    finally:
        process.kill()
        process.wait()


def _repeat(step: str, *, threads: int = 1, prepare: tuple[str, ...] = ()) -> Client:
    @contextlib.contextmanager
    def entered(url: str) -> Iterator[None]:
        caller = Caller(url, timeout=120)
        for code in prepare:
            caller.value("hostile", f"{code}\n1", timeoutInSeconds=60)
        with _repeated(url, step, threads=threads):
            yield
        caller.end_all()

    return entered


def _raw(url: str, request: bytes) -> socket.socket:
    address = urlsplit(url)
    connection = socket.create_connection((str(address.hostname), address.port))
    connection.sendall(request)
    return connection


def _head(url: str, method: str, route: str, identifier: str, length: int | None = None) -> bytes:
    address = urlsplit(url)
    query = urlencode({"api-version": _VERSION, "identifier": identifier})
    lines = [
        f"{method} {address.path}/{route}?{query} HTTP/1.1",
        f"Host: {address.netloc}",
        "Authorization: Bearer any",
    ]
    if length is not None:
        lines += ["Content-Type: application/json", f"Content-Length: {length}"]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


@contextlib.contextmanager
def _trickling(url: str, request: bytes, rest: bytes, *, connections: int) -> Iterator[None]:
    """Connections that send one byte after the other."""
    opened = [_raw(url, request) for _ in range(connections)]
    ends = threading.Event()

    def trickle() -> None:
        while not ends.is_set():
            for connection in opened:
                with contextlib.suppress(OSError):
                    connection.sendall(rest)
            time.sleep(0.05)

    thread = threading.Thread(target=trickle, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ends.set()
        thread.join()
        for connection in opened:
            connection.close()


def _trickling_heads(url: str) -> contextlib.AbstractContextManager[None]:
    return _trickling(url, b"GET /x HTTP/1.1\r\nHost: localhost\r\nX: ", b"y", connections=300)


def _trickling_bodies(url: str) -> contextlib.AbstractContextManager[None]:
    request = _head(url, "POST", "executions", "hostile", 8_000_000) + b'{"code":"' + b"x" * 10_000
    return _trickling(url, request, b"y", connections=300)


@contextlib.contextmanager
def _unread(url: str) -> Iterator[None]:
    """Requests for a file of 100 MB, and for large results, whose responses are never read."""
    caller = Caller(url, timeout=120)
    caller.value("hostile", "open('/mnt/data/large', 'wb').truncate(100_000_000)\n1")
    body = json.dumps({"code": "'x' * (15 << 20)"}).encode()
    opened = [_raw(url, _head(url, "GET", "files/large/content", "hostile")) for _ in range(100)]
    opened += [_raw(url, _head(url, "POST", "executions", "hostile", len(body)) + body) for _ in range(20)]
    time.sleep(1)
    try:
        yield
    finally:
        for connection in opened:
            connection.close()


def _step_list(caller: Caller, _: int) -> None:
    caller.list_files("hostile", recursive=True)


def _step_download(caller: Caller, _: int) -> None:
    caller.download("hostile", "large")


def _step_upload(caller: Caller, number: int) -> None:
    caller.upload("hostile", f"upload-{number}", bytes(64 << 20))


def _step_new_session(caller: Caller, number: int) -> None:
    _step_new_session.count = getattr(_step_new_session, "count", 0) + 1  # type: ignore[attr-defined]
    name = f"new-{number}-{_step_new_session.count}"  # type: ignore[attr-defined]
    caller.value(name, "1+1")
    caller.end(name)


def _step_queue(caller: Caller, _: int) -> None:
    caller.run("hostile", "1+1")


def _step_asynchronous(caller: Caller, _: int) -> None:
    caller.run("hostile", "1+1", executionType="Asynchronous")


def _step_get(caller: Caller, _: int) -> None:
    caller.empty()


def _step_metadata(caller: Caller, _: int) -> None:
    caller.metadata()


def _step_large_code(caller: Caller, _: int) -> None:
    caller.run("hostile", "#" + "\\\n" * 1_500_000)


def _step_wide_body(caller: Caller, _: int) -> None:
    with contextlib.suppress(Refused):
        caller.run("hostile", "1", wide=[[]] * 2_000_000)


CLIENTS: dict[str, Client] = {
    "list of 90,000 files": _repeat("list", prepare=(_FLAT,)),
    "list of 90,000 files in folders, 4 clients": _repeat("list", threads=4, prepare=(_NESTED,)),
    "8 downloads of 100 MB": _repeat(
        "download", threads=8, prepare=("open('/mnt/data/large', 'wb').truncate(100_000_000)",)
    ),
    "4 uploads of 64 MiB": _repeat("upload", threads=4),
    "8 clients that start sessions": _repeat("new_session", threads=8),
    "32 clients of one session": _repeat("queue", threads=32),
    "asynchronous runs, 8 clients": _repeat("asynchronous", threads=8),
    "requests without a session, 8 clients": _repeat("get", threads=8),
    "requests for metadata, 4 clients": _repeat("metadata", threads=4),
    "code of 3 MB, 2 clients": _repeat("large_code", threads=2),
    "bodies of 2,000,000 values, 2 clients": _repeat("wide_body", threads=2),
    "300 heads that trickle": _trickling_heads,
    "300 bodies that trickle": _trickling_bodies,
    "120 responses that are not read": _unread,
}

_STEPS = {name.removeprefix("_step_"): step for name, step in list(globals().items()) if name.startswith("_step_")}


def main() -> int:
    url, name, threads = sys.argv[1:]

    def repeat(number: int) -> None:
        caller = Caller(url, timeout=120)
        while True:
            with contextlib.suppress(OSError, Refused):
                _STEPS[name](caller, number)

    running = [threading.Thread(target=repeat, args=(number,), daemon=True) for number in range(int(threads))]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    return 0


if __name__ == "__main__":
    sys.exit(main())

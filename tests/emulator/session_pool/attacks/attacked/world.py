"""An environment for a pool: a network without a connection, listeners that count hits, and processes to attack.

Run it in a new network namespace; it ends, with the pool, when its standard input does.

Usage: python world.py SPECIFICATION, which is JSON: see `main`.
"""

import contextlib
import ctypes
import fcntl
import json
import os
import signal
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

PORT = 8099
NETWORK, METADATA = "10.99.0.1", "169.254.169.254"
_SIOCGIFFLAGS, _SIOCSIFFLAGS, _SIOCSIFADDR, _IFF_UP = 0x8913, 0x8914, 0x8916, 1
_PR_SET_DUMPABLE = 4


def main(settings: dict[str, Any]) -> None:
    """`folder` is where hits are written; `prefix` precedes the pool's command, and `options` follow it.

    `relay` is a descriptor that listens where the tests are: who connects there speaks to the pool.
    """
    _bring_up_network()
    folder = Path(settings["folder"])
    log = _Log(folder / "hits")
    for address in ("127.0.0.1", NETWORK, "::1"):
        _listen(log, f"tcp {address}", _bound(address, PORT, socket.SOCK_STREAM))
        _listen_for_datagrams(log, f"udp {address}", _bound(address, PORT, socket.SOCK_DGRAM))
    _listen(log, f"tcp {METADATA}", _bound(METADATA, 80, socket.SOCK_STREAM), settings["metadata"].encode())
    _listen_for_datagrams(log, f"udp {METADATA}", _bound(METADATA, 80, socket.SOCK_DGRAM))
    for name, address in (("abstract", "\0" + settings["abstract"]), ("path", str(folder / "run" / "docker.sock"))):
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(address)
        listener.listen()
        _listen(log, f"{name} socket", listener)
    datagrams = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    datagrams.bind("\0" + settings["abstract"] + "-datagrams")
    _listen_for_datagrams(log, "abstract socket", datagrams)
    (folder / "run" / "docker.sock").chmod(0o777)
    life, of_victims = os.pipe()
    os.set_inheritable(life, True)
    pool = subprocess.Popen(
        [*settings["prefix"], sys.executable, __file__, json.dumps({**settings, "life": life})],
        cwd=folder / "repository",
        env={"PATH": os.environ["PATH"], "HOME": str(folder / "home"), "SERVER_SECRET": settings["secret"]},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=(folder / "stderr").open("w"),
        pass_fds=[life],
        text=True,
    )
    assert pool.stdout is not None
    ending = threading.Thread(target=_end_with_input, args=(pool,))
    ending.start()
    for line in pool.stdout:
        name, _, text = line.strip().partition("  ")
        if name == "session pool":
            _relay(socket.socket(fileno=settings["relay"]), int(text.split("/")[2].rpartition(":")[2]))
        print(line.strip(), flush=True)
        if name == "ready":
            print(f"server  {pool.pid}", flush=True)
            break
    pool.wait()
    ending.join()
    os.close(of_victims)


def _end_with_input(pool: subprocess.Popen[str]) -> None:
    sys.stdin.read()
    pool.kill()


def _bring_up_network() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        flags = fcntl.ioctl(any_socket, _SIOCGIFFLAGS, struct.pack("16sH14x", b"lo", 0))
        up = struct.unpack("16sH14x", flags)[1] | _IFF_UP
        fcntl.ioctl(any_socket, _SIOCSIFFLAGS, struct.pack("16sH14x", b"lo", up))
        for name, address in ((b"lo:1", METADATA), (b"lo:2", NETWORK)):
            request = struct.pack("16sHH4s8x", name, socket.AF_INET, 0, socket.inet_aton(address))
            fcntl.ioctl(any_socket, _SIOCSIFADDR, request)


class _Log:
    def __init__(self, path: Path) -> None:
        self._file = path.open("ab", buffering=0)

    def write(self, what: str, data: bytes) -> None:
        self._file.write(f"{what}: {data.decode('latin-1')!r}\n".encode())


def _bound(address: str, port: int, kind: socket.SocketKind) -> socket.socket:
    listener = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, kind)
    listener.bind((address, port))
    if kind == socket.SOCK_STREAM:
        listener.listen()
    return listener


def _in_thread(function: Callable[..., None], *arguments: Any) -> None:
    threading.Thread(target=function, args=arguments, daemon=True).start()


def _listen(log: _Log, what: str, listener: socket.socket, answer: bytes = b"") -> None:
    def take(connection: socket.socket) -> None:
        with connection:
            data = b""
            with contextlib.suppress(OSError):
                connection.settimeout(1)
                data = connection.recv(4096)
                log.write(what, data)
                connection.sendall(b"HTTP/1.0 200 OK\r\n\r\n" + answer)
                return
            log.write(what, data)

    def accept() -> None:
        while True:
            _in_thread(take, listener.accept()[0])

    _in_thread(accept)


def _listen_for_datagrams(log: _Log, what: str, listener: socket.socket) -> None:
    def receive() -> None:
        while True:
            log.write(what, listener.recv(4096))

    _in_thread(receive)


def _relay(listener: socket.socket, port: int) -> None:
    def carry(source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(1 << 16):
                target.sendall(data)
        with contextlib.suppress(OSError):
            target.shutdown(socket.SHUT_WR)

    def connect(near: socket.socket) -> None:
        with near, contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)) as far:
            back = threading.Thread(target=carry, args=(far, near), daemon=True)
            back.start()
            carry(near, far)
            back.join()

    def accept() -> None:
        while True:
            _in_thread(connect, listener.accept()[0])

    _in_thread(accept)


def below(settings: dict[str, Any]) -> None:
    """Where the pool is to run: starts processes to attack, as the server's user and as the sessions', and the pool."""
    users = [os.getuid()] if os.getuid() else [0, 61_998]
    for uid in users:
        read, write = os.pipe()
        if os.fork() == 0:
            pid = os.fork()
            if pid:
                os.write(write, str(pid).encode())
                os._exit(0)
            _be_attacked(settings, uid)
        os.wait()
        print(f"victim of {uid}  {os.read(read, 20).decode()}", flush=True)
        os.close(read)
        os.close(write)
    os.close(settings["life"])
    os.execv(sys.executable, [sys.executable, "-m", "emulator.session_pool", "--port", "0", *settings["options"]])


def _be_attacked(settings: dict[str, Any], uid: int) -> None:
    log = _Log(Path(settings["folder"], "signals"))
    if uid != os.getuid():
        os.setgroups([])
        os.setresgid(uid, uid, uid)
        os.setresuid(uid, uid, uid)
        ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 1, 0, 0, 0)
    null = os.open("/dev/null", os.O_RDWR)
    for fd in (0, 1, 2):
        os.dup2(null, fd)
    os.setsid()
    for number in (signal.SIGURG, signal.SIGUSR1, signal.SIGTERM, signal.SIGINT, signal.SIGIO, signal.SIGCONT):
        signal.signal(number, lambda received, _: log.write("signal", str(received).encode()))
    held = open(Path(settings["folder"], "home", ".azure", "token"))
    os.read(settings["life"], 1)
    held.close()
    os._exit(0)


if __name__ == "__main__":
    specification = json.loads(sys.argv[1])
    (below if "life" in specification else main)(specification)

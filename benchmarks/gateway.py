"""Jupyter's kernel gateway, for comparison: one kernel for each session, called over HTTP and a websocket.

It has its own virtual environment, which is created when it is first needed, and kept.
"""

import base64
import contextlib
import http.client
import json
import os
import socket
import struct
import subprocess
import sys
import tempfile
import time
import uuid
from pathlib import Path
from types import TracebackType
from typing import Any

from .pool_program import ROOT

PACKAGES = ("jupyter-kernel-gateway", "ipykernel", "numpy", "pandas", "matplotlib")
_ENVIRONMENT = ROOT / ".venv" / "benchmarks" / "gateway"
_START_SECONDS = 60


def environment() -> Path:
    """The Python of the gateway's environment, which is created if it does not exist. Raises CalledProcessError."""
    python = _ENVIRONMENT / "bin" / "python"
    made = _ENVIRONMENT / ".made"
    if not made.exists():
        print("installing the kernel gateway in a virtual environment (only once)", file=sys.stderr)
        subprocess.run([sys.executable, "-m", "venv", str(_ENVIRONMENT)], check=True)
        install = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *PACKAGES]
        subprocess.run(install, check=True)
        made.touch()
    return python


class GatewayProgram:
    """Runs during its `with` block."""

    def __enter__(self) -> "GatewayProgram":
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port: int = free.getsockname()[1]
        self._home = tempfile.TemporaryDirectory()
        home = self._home.name
        own = {"HOME": home, "JUPYTER_RUNTIME_DIR": home, "IPYTHONDIR": home, "MPLCONFIGDIR": home}
        command = [str(environment()), "-m", "kernel_gateway", f"--KernelGatewayApp.port={self.port}"]
        self._process = subprocess.Popen(
            [*command, "--KernelGatewayApp.ip=127.0.0.1", "--KernelGatewayApp.port_retries=0"],
            cwd=home,
            env={**os.environ, **own, "OPENBLAS_NUM_THREADS": "1"},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + _START_SECONDS
        while True:
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError("the kernel gateway did not start")
            with contextlib.suppress(OSError):
                connection = http.client.HTTPConnection("127.0.0.1", self.port)
                connection.request("GET", "/api")
                connection.getresponse().read()
                connection.close()
                return self
            time.sleep(0.1)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.terminate()
        try:
            self._process.wait(30)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._home.cleanup()

    @property
    def pid(self) -> int:
        return self._process.pid

    def empty(self, connection: http.client.HTTPConnection) -> None:
        """The cheapest request that the gateway answers."""
        connection.request("GET", "/api")
        connection.getresponse().read()

    def connection(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)

    def kernel(self, connection: http.client.HTTPConnection) -> "GatewayKernel":
        """Start a kernel."""
        connection.request("POST", "/api/kernels", b'{"name": "python3"}', {"Content-Type": "application/json"})
        started = json.loads(connection.getresponse().read())
        return GatewayKernel(self.port, started["id"])

    def end(self, connection: http.client.HTTPConnection, kernel: "GatewayKernel") -> None:
        kernel.close()
        connection.request("DELETE", f"/api/kernels/{kernel.kernel_id}")
        connection.getresponse().read()


class GatewayKernel:
    """The websocket of a kernel, with the subset of RFC 6455 that two programs on one machine need."""

    def __init__(self, port: int, kernel_id: str) -> None:
        self.kernel_id = kernel_id
        self._session = uuid.uuid4().hex
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=60)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._received = self._socket.makefile("rb")
        key = base64.b64encode(os.urandom(16)).decode()
        self._socket.sendall(
            f"GET /api/kernels/{kernel_id}/channels?session_id={self._session} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
            "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            f"Sec-WebSocket-Key: {key}\r\n\r\n".encode()
        )
        if b" 101 " not in self._received.readline():
            raise ConnectionError("the gateway did not open a websocket")
        while self._received.readline().strip():
            pass

    def close(self) -> None:
        self._received.close()
        self._socket.close()

    def run(self, code: str) -> dict[str, Any]:
        """Run code until the kernel has replied and is idle. Returns the displayed `data`. Raises RuntimeError."""
        message_id = uuid.uuid4().hex
        header = {
            "msg_id": message_id, "msg_type": "execute_request", "session": self._session, "username": "",
            "version": "5.3", "date": "",
        }  # fmt: skip
        content = {"code": code, "silent": False, "store_history": True, "allow_stdin": False, "user_expressions": {}}
        message = {"header": header, "parent_header": {}, "metadata": {}, "content": content, "channel": "shell"}
        self._send(json.dumps(message).encode())
        displayed: dict[str, Any] = {}
        awaited = {"reply", "idle"}
        while awaited:
            message = json.loads(self._receive())
            if message["parent_header"].get("msg_id") != message_id:
                continue
            content = message["content"]
            kind = message["header"]["msg_type"]
            if kind in ("execute_result", "display_data"):
                displayed.update(content["data"])
            elif kind == "execute_reply":
                awaited.discard("reply")
                if content["status"] != "ok":
                    raise RuntimeError(str(content))
            elif kind == "status" and content["execution_state"] == "idle":
                awaited.discard("idle")
        return displayed

    def _send(self, text: bytes) -> None:
        """Send a text frame. A request is always too long for the short form of the length."""
        if len(text) < 1 << 16:
            head = struct.pack(">BBH", 0x81, 0x80 | 126, len(text))
        else:
            head = struct.pack(">BBQ", 0x81, 0x80 | 127, len(text))
        self._socket.sendall(head + bytes(4) + text)  # masked with zeros: the mask is for proxies

    def _receive(self) -> bytes:
        """Receive the next complete text.

        The gateway waits for acknowledgements between small messages; immediate ones make its own time visible.
        """
        text = b""
        while True:
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
            first, length = self._received.read(2)
            if length == 126:
                (length,) = struct.unpack(">H", self._received.read(2))
            elif length == 127:
                (length,) = struct.unpack(">Q", self._received.read(8))
            payload = self._received.read(length)
            if first & 0x0F == 9:
                self._socket.sendall(struct.pack(">BB", 0x8A, 0x80 | length) + bytes(4) + payload)  # a pong
            if first & 0x0F == 8:
                raise ConnectionError("the gateway closed the websocket")
            if first & 0x0F in (0, 1, 2):
                text += payload
                if first & 0x80:
                    return text

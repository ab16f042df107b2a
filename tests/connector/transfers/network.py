"""A network of its own, in which public addresses are on this machine: a namespace that a test makes for its program.

In it, `HOST` is at a public address, where a server for https has files; whatever else is listening must not be called.
"""

import array
import contextlib
import fcntl
import gzip
import os
import random
import socket
import ssl
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from cryptography import x509

from tests.certificates import self_signed

HOST, PUBLIC = "files.contoso.example", "20.60.1.1"
CONTENT = random.Random(11).randbytes(350_000)
_SIOCSIFFLAGS, _SIOCSIFADDR = 0x8914, 0x8916
_IFF_UP = 1


def run_in_network(program: Path) -> subprocess.CompletedProcess[str]:
    """Runs the tests of a file in a network without any other machine."""
    own_user = [] if os.geteuid() == 0 else ["--user", "--map-current-user", "--keep-caps"]
    command = ["unshare", *own_user, "--net", sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", program]
    return subprocess.run(command, capture_output=True, text=True, timeout=110)


def make_addresses(*addresses: str) -> None:
    """Gives the loopback interface of this network these addresses, and turns it on."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, _SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", _IFF_UP))
        for number, address in enumerate(addresses):
            request = struct.pack("16sH2s4s8x", f"lo:{number}".encode(), socket.AF_INET, b"", socket.inet_aton(address))
            fcntl.ioctl(any_socket, _SIOCSIFADDR, array.array("B", request + bytes(24 - len(request) % 24)))


def make_certificate(folder: Path) -> tuple[Path, Path]:
    """The files of a key, and of a certificate for HOST and the names below it."""
    return self_signed(folder, x509.DNSName(HOST), x509.DNSName(f"*.{HOST}"))


HOSTILE_NAMES = (
    "attachment; filename*1*; filename*0*=x; filename*=utf-8''a",
    "attachment; filename*=idna''%ff..",
    "attachment; filename*=undefined''a",
    "attachment; filename*=punycode''%ff",
    "attachment; filename*=hex''zz",
    "attachment; filename*=x\0y''a",
    'attachment; filename="' + ";" * 60_000,
)
"""That Python's own parser raises various exceptions for, or takes seconds."""


class FilesOfHost:
    """What the host serves, by path, and the headers that it was sent."""

    def __init__(self) -> None:
        self.etag = '"one"'
        self.requests: list[dict[str, str]] = []
        self.served = 0
        self.is_released = threading.Event()

    def respond(self, handler: BaseHTTPRequestHandler) -> None:
        self.requests.append({name.lower(): value for name, value in handler.headers.items()})
        path = handler.path.partition("?")[0].strip("/").partition("/")[0]
        getattr(self, f"_{path.replace('-', '_')}")(handler)

    def _ranges(self, handler: BaseHTTPRequestHandler, **headers: str) -> None:
        """Heeds all conditions, as Blob Storage does."""
        if handler.headers.get("If-Match", self.etag) != self.etag:
            _send(handler, 412, b"")
        elif handler.headers.get("If-Range", self.etag) != self.etag:
            _send(handler, 200, CONTENT, ETag=self.etag)
        else:
            self._range(handler, ETag=self.etag, **headers)

    def _careless(self, handler: BaseHTTPRequestHandler) -> None:
        """Serves ranges, and heeds no condition."""
        self._range(handler, ETag=self.etag)

    def _weak(self, handler: BaseHTTPRequestHandler) -> None:
        self._range(handler, ETag=f"W/{self.etag}", **{"Last-Modified": formatdate(1_000_000_000, usegmt=True)})

    def _unversioned(self, handler: BaseHTTPRequestHandler) -> None:
        if self.served:
            _send(handler, 200, CONTENT)
        else:
            self._range(handler)

    def _range(self, handler: BaseHTTPRequestHandler, **headers: str) -> None:
        self.served += 1
        first, _, last = handler.headers["Range"].removeprefix("bytes=").partition("-")
        part = CONTENT[int(first) : int(last) + 1]
        content_range = f"bytes {first}-{int(first) + len(part) - 1}/{len(CONTENT)}"
        _send(handler, 206, part, **headers, **{"Content-Range": content_range})

    def _whole(self, handler: BaseHTTPRequestHandler) -> None:
        _send(handler, 200, CONTENT)

    def _chunked(self, handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        for first in range(0, len(CONTENT), 9999):
            piece = CONTENT[first : first + 9999]
            handler.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece))
        handler.wfile.write(b"0\r\n\r\n")

    def _empty(self, handler: BaseHTTPRequestHandler) -> None:
        if "Range" in handler.headers:
            _send(handler, 416, b"", **{"Content-Range": "bytes */0"})
        else:
            _send(handler, 200, b"")

    def _named(self, handler: BaseHTTPRequestHandler) -> None:
        name = "../größe.csv".encode().decode("latin-1")
        _send(handler, 200, b"a", **{"Content-Disposition": f'attachment; filename="{name}"'})

    def _hostile_name(self, handler: BaseHTTPRequestHandler) -> None:
        _send(handler, 200, b"a", **{"Content-Disposition": HOSTILE_NAMES[int(handler.path.rpartition("/")[2])]})

    def _more(self, handler: BaseHTTPRequestHandler) -> None:
        """Than it states."""
        _send(handler, 206, CONTENT, **{"Content-Range": "bytes 0-9/10"})

    def _redirect(self, handler: BaseHTTPRequestHandler) -> None:
        _send(handler, 302, b"", Location=f"https://{HOST}/whole")

    def _login(self, handler: BaseHTTPRequestHandler) -> None:
        _send(handler, 200, b"<html>Sign in</html>", **{"Content-Type": "text/html; charset=utf-8"})

    def _encoded(self, handler: BaseHTTPRequestHandler) -> None:
        _send(handler, 200, gzip.compress(b"a"), **{"Content-Encoding": "gzip"})

    def _short(self, handler: BaseHTTPRequestHandler) -> None:
        handler.close_connection = True
        _send(handler, 200, CONTENT[:1000], **{"Content-Length": "350000"})

    def _long_headers(self, handler: BaseHTTPRequestHandler) -> None:
        _send(handler, 200, b"a", **{"X-Long": "a" * 100_000})

    def _many_headers(self, handler: BaseHTTPRequestHandler) -> None:
        _send(handler, 200, b"a", **{f"X-{number}": "a" for number in range(300)})

    def _two_lengths(self, handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab")
        handler.close_connection = True

    def _trickle(self, handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "1000")
        handler.end_headers()
        with contextlib.suppress(OSError):
            for _ in range(1000):
                handler.wfile.write(b"a")
                time.sleep(0.05)

    def _waiting(self, handler: BaseHTTPRequestHandler) -> None:
        self.is_released.wait(30)
        _send(handler, 200, b"a")

    def _missing(self, handler: BaseHTTPRequestHandler) -> None:
        _send(handler, 404, b"secret of the other side")

    def _broken(self, handler: BaseHTTPRequestHandler) -> None:
        _send(handler, 503, b"secret of the other side")


def _send(handler: BaseHTTPRequestHandler, status: int, content: bytes, **headers: str) -> None:
    handler.send_response(status)
    for name, value in {"Content-Length": str(len(content)), **headers}.items():
        handler.send_header(name, value)
    handler.end_headers()
    handler.wfile.write(content)


@contextlib.contextmanager
def serving(files: FilesOfHost, address: str, key: Path, certificate: Path) -> Iterator[list[Any]]:
    """Serves at port 443 of an address. Yields the connections that were made, in order."""
    made: list[Any] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            files.respond(self)

        def log_message(self, *_: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def get_request(self) -> Any:
            connection = super().get_request()
            made.append(connection)
            return connection

        def handle_error(self, *_: object) -> None:
            """Clients close connections in the midst of a response."""

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server = Server((address, 443), Handler)
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield made
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)


def resolving(names: dict[str, list[str]]) -> Callable[..., Any]:
    """In place of socket.getaddrinfo: the addresses of these names alone."""
    real = socket.getaddrinfo

    def resolve(host: Any, port: Any, *arguments: Any, **keywords: Any) -> Any:
        if host not in names:
            return real(host, port, *arguments, **keywords)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in names[host]]

    return resolve

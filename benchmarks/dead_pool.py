"""How soon callers of a pool that is down are answered, and how soon its return is noticed.

    python -m benchmarks.dead_pool silent|refused|5xx [callers]

The pool is a server in this process that accepts connections and never responds, or responds with 503; `refused` is an
address where nothing listens. Each caller lists the files of a session of its own.
"""

import contextlib
import socket
import statistics
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from connector.errors import ConnectorError
from connector.session_pool.client import SessionPoolClient
from connector.session_pool.pools import Pools
from connector.session_pool.sessions import CallerSessions

_LATER_CALLS = 200


class _AnyToken:
    def token(self, deadline: object = None) -> str:
        return "any"

    def renew(self, rejected: str) -> bool:
        return False


class _Pool(ThreadingHTTPServer):
    request_queue_size = 512
    daemon_threads = True
    mode = "ok"

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Pool

    def do_GET(self) -> None:
        while self.server.mode == "silent":
            time.sleep(0.02)
        body = b'{"value": []}'
        with contextlib.suppress(OSError):  # the caller has given up
            self.send_response(503 if self.server.mode == "5xx" else 200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


def main() -> int:
    mode, callers = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 64
    pool = _Pool()
    pool.mode = mode
    port = _free_port() if mode == "refused" else pool.server_port
    client = SessionPoolClient(f"http://127.0.0.1:{port}/sessionPools/p", _AnyToken(), connections=callers)
    with ThreadPoolExecutor(callers) as threads:
        waited = sorted(threads.map(lambda number: _call(client, number), range(callers)))
    print(f"{callers} callers at once: answered after {waited[0]:.1f} s to {waited[-1]:.1f} s")
    print(
        f"    median {statistics.median(waited):.1f} s; the circuit is {'open' if client.circuit.is_open else 'closed'}"
    )
    later = sorted(_call(client, number) for number in range(_LATER_CALLS))
    print(f"later callers: answered after {later[0] * 1000:.2f} ms to {later[-1] * 1000:.2f} ms")
    if mode != "refused":
        pool.mode = "ok"
        back = time.monotonic()
        while client.circuit.is_open:
            time.sleep(0.005)
        print(f"the pool is back: calls are sent again after {time.monotonic() - back:.2f} s")
    return 0


def _call(client: SessionPoolClient, number: int) -> float:
    """The seconds until there is a response or an error."""
    began = time.monotonic()
    sessions = CallerSessions(Pools(client), deadline=client.deadlines.of_operation())
    with contextlib.suppress(ConnectorError):
        sessions.session(f"session-{number}").list_files("", recursive=False)
    return time.monotonic() - began


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


if __name__ == "__main__":
    sys.exit(main())

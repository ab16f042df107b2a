"""python -m emulator.session_pool: the embedded session pool alone, for clients that bring their own way in."""

import argparse
import signal
import sys
import threading
from datetime import timedelta

from .engine import Engine
from .loopback import PortInUse
from .pool import Pool
from .server import SessionPoolServer
from .tokens import TokenAuthority


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m emulator.session_pool", description=__doc__)
    parser.add_argument("--port", type=int, default=7072, help="port of the pool; 0 picks a free one (default 7072)")
    parser.add_argument("--accept-any-token", action="store_true", help="check only that a bearer token is there")
    parser.add_argument("--max-sessions", type=int, default=100, help="sessions at a time (default 100)")
    parser.add_argument(
        "--cooldown", type=float, default=300, help="seconds until an unused session ends (default 300)"
    )
    options = parser.parse_args()

    authority = TokenAuthority(accept_any=options.accept_any_token)
    engine = Engine()
    pool = Pool(engine, max_sessions=options.max_sessions, cooldown=timedelta(seconds=options.cooldown))
    stop = stop_on_signals()
    try:
        server = SessionPoolServer(pool, authority, port=options.port)
    except PortInUse as taken:
        print(f"{taken}: choose another with --port (0 picks a free one)", file=sys.stderr)
        return 1
    try:
        server.start()
    except RuntimeError as failure:
        print(failure.__cause__ or failure, file=sys.stderr)
        return 1
    if not options.accept_any_token:
        print(f"token          {authority.issue()[0]}")
    announce(server.endpoint, engine)
    stop.wait()
    server.stop()
    return 0


def announce(endpoint: str, engine: Engine) -> None:
    """The lines that scripts wait for."""
    print(f"session pool   {endpoint}")
    print(f"isolation      {engine.isolation}")
    print("ready", flush=True)


def stop_on_signals() -> threading.Event:
    """An event that SIGINT and SIGTERM set. Call in the main thread."""
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    return stop


if __name__ == "__main__":
    sys.exit(main())

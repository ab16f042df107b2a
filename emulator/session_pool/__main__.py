"""A session pool on its own, for any client of the service."""

import argparse
import contextlib
import gc
import os
import signal
import sys
import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any, TypeVar

from .engines.choice import LEVELS, choose
from .engines.interface import CONTAINER_TYPES, Engine, EngineError, Limits
from .sessions.kernel import LONGEST_RUN_SECONDS
from .sessions.pool import Pool
from .wire.certificate import Certificate
from .wire.faults import Fault, Faults, InvalidFault
from .wire.identity_endpoint import IdentityEndpoint
from .wire.loopback import PortInUse
from .wire.mcp import McpServer
from .wire.server import SessionPoolServer
from .wire.tokens import LIFETIME_SECONDS, TokenAuthority

Number = TypeVar("Number", int, float)


def main() -> int:
    options = _parser().parse_args()
    authority = TokenAuthority(
        role_held=not options.without_role,
        accept_any=options.accept_any_token,
        lifetime_seconds=options.token_lifetime,
    )
    try:
        limits = Limits(
            data_bytes=options.session_data << 20,
            memory_bytes=options.session_memory << 20,
            cpus=options.session_cpus,
            network=options.egress,
        )
        engine = choose(options.container_type, limits=limits, **isolation_options(options))
    except EngineError as refusal:
        print(refusal, file=sys.stderr)
        return 1
    cooldown = timedelta(seconds=options.cooldown)
    pool = Pool(
        engine,
        max_sessions=options.max_sessions,
        cooldown=cooldown,
        ready=options.ready,
        longest_run_seconds=options.longest_run,
    )
    stop = stop_on_signals()
    certificate = Certificate() if options.tls else None  # a signal now also removes its files
    servers: list[SessionPoolServer | IdentityEndpoint] = []
    try:
        server = SessionPoolServer(
            pool,
            authority,
            port=options.port,
            faults=Faults(*options.fault),
            certificate=certificate,
            mcp=McpServer() if options.mcp else None,
        )
        identity = IdentityEndpoint(authority)
        servers = [server, identity]
        for each in servers:
            each.start()
        prepare_for_load()
        if not options.accept_any_token:
            print(f"token          {authority.issue()[0]}")
        print("identity       " + " ".join(f"{name}={value}" for name, value in identity.environment.items()))
        if certificate is not None:
            print(f"certificate    {certificate.path}")
        announce_mcp(server)
        announce([server.endpoint], engine)
        wait(stop)
        return 0
    except PortInUse as taken:
        print(f"{taken}: choose another with --port (0 picks a free one)", file=sys.stderr)
        return 1
    except RuntimeError as failure:
        print(failure.__cause__ or failure, file=sys.stderr)
        return 1
    finally:
        for each in reversed(servers):
            each.stop()
        if certificate is not None:
            certificate.remove()


def prepare_for_load() -> None:
    """Call when the servers have started: nothing that exists now is searched for garbage again, which takes long, and
    there may be many connections. Other processes keep their limit.
    """
    gc.collect()
    gc.freeze()
    with contextlib.suppress(ImportError, OSError, ValueError):
        import resource

        _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def _parser() -> argparse.ArgumentParser:
    as_module = os.path.basename(sys.argv[0]) == "__main__.py"
    parser = argparse.ArgumentParser(prog=f"python -m {__package__}" if as_module else None, description=__doc__)
    add = parser.add_argument
    add("--port", type=int, default=7072, help="port of the pool; 0 picks a free one (default 7072)")
    add("--container-type", choices=CONTAINER_TYPES, default="PythonLTS", help="what sessions run (default PythonLTS)")
    add_isolation_options(parser)
    add("--egress", action="store_true", help="open this machine's network to the code in sessions")
    add("--session-data", type=_positive_int, default=1100, metavar="MIB", help="size of /mnt/data (default 1100)")
    add("--session-memory", type=_positive_int, default=2048, metavar="MIB", help="memory of a session (default 2048)")
    add("--session-cpus", type=_positive, default=1.0, metavar="NUMBER", help="processors of a session (default 1)")
    add("--tls", action="store_true", help="serve https, with a certificate created for this run")
    add("--accept-any-token", action="store_true", help="accept any bearer token")
    add("--without-role", action="store_true", help="answer 403 to valid tokens, as if the role was not assigned")
    add(
        "--token-lifetime",
        type=_positive_int,
        default=LIFETIME_SECONDS,
        metavar="SECONDS",
        help="lifetime of a token (default 86400)",
    )
    add_mcp_option(parser)
    add_max_sessions_option(parser)
    add("--ready", type=_count, default=2, metavar="NUMBER", help="processes kept ready for new sessions (default 2)")
    add(
        "--cooldown",
        type=_positive,
        default=300.0,
        metavar="SECONDS",
        help="until an unused session ends (default 300)",
    )
    add_longest_run_option(parser)
    add(
        "--fault",
        type=_fault,
        action="append",
        default=[],
        metavar="FAULT",
        help="a fault for later requests, such as do=answer,status=429,retryAfter=2,times=3,path=executions",
    )
    return parser


def add_mcp_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--mcp", action="store_true", help="serve the pool's own MCP server too, and print its key")


def add_max_sessions_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--max-sessions", type=_positive_int, default=100, help="concurrent sessions of a pool (default 100)"
    )


def add_longest_run_option(parser: argparse.ArgumentParser) -> None:
    """For tests of what happens when an execution is stopped: the service's own limit is long to wait for."""
    parser.add_argument(
        "--longest-run",
        type=_positive_int,
        default=LONGEST_RUN_SECONDS,
        metavar="SECONDS",
        help=f"until the pool stops an execution, even if it requests a longer timeout (default {LONGEST_RUN_SECONDS})",
    )


def _positive(text: str) -> float:
    return _within(float, text, "a number above 0")


def _positive_int(text: str) -> int:
    return _within(int, text, "a whole number above 0")


def _count(text: str) -> int:
    return 0 if text == "0" else _within(int, text, "a whole number")


def _within(kind: Callable[[str], Number], text: str, meaning: str) -> Number:
    with contextlib.suppress(ValueError):
        value = kind(text)
        if 0 < value < 1e9:
            return value
    raise argparse.ArgumentTypeError(f"'{text}' is not {meaning}")


def _fault(text: str) -> Fault:
    try:
        return Fault.parse(text)
    except InvalidFault as invalid:
        raise argparse.ArgumentTypeError(str(invalid)) from None


def add_isolation_options(parser: argparse.ArgumentParser) -> None:
    """The options of every program with a pool in it. `isolation_options` reads them."""
    group = parser.add_mutually_exclusive_group()
    group.add_argument(
        "--require-isolation",
        type=int,
        choices=LEVELS,
        help="start only if sessions can be isolated at least at this level",
    )
    group.add_argument(
        "--allow-unisolated",
        action="store_true",
        help="start even if sessions cannot be isolated at all: code then runs with all your rights",
    )


def isolation_options(options: argparse.Namespace) -> dict[str, Any]:
    """The arguments of `choose`."""
    return {"allow_unisolated": options.allow_unisolated, "require_level": options.require_isolation}


def announce_mcp(server: SessionPoolServer) -> None:
    """What Azure Resource Manager returns as `mcpServerEndpoint`, and as `apiKey` from `fetchMCPServerCredentials`."""
    if server.mcp is not None:
        print(f"mcp server     {server.mcp_endpoint}")
        print(f"mcp api key    {server.mcp.key}")


def announce(endpoints: list[str], engine: Engine) -> None:
    """The lines that scripts wait for."""
    for endpoint in endpoints:
        print(f"session pool   {endpoint}")
    print(f"isolation      {engine.isolation}")
    print("ready", flush=True)


def stop_on_signals() -> threading.Event:
    """An event that SIGINT and SIGTERM set. Call in the main thread."""
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    return stop


def wait(stop: threading.Event) -> None:
    """Returns when it is set. On Windows, signals are not handled while a thread waits without a timeout."""
    while not stop.wait(timeout=0.5):
        pass


if __name__ == "__main__":
    sys.exit(main())

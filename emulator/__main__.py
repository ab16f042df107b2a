"""python -m emulator: the connector on your own machine, with an identity endpoint, session pools and storage."""

import argparse
import logging
import os
import re
import secrets
import sys
from pathlib import Path
from typing import Any

from .blob_storage.command_line import (
    LocalStorage,
    StorageFolderError,
    add_storage_options,
    conflict,
    storage,
    storage_port,
)
from .functions_host import FunctionAppError, FunctionsHost
from .session_pool.__main__ import (
    add_isolation_options,
    add_longest_run_option,
    add_max_sessions_option,
    add_mcp_option,
    announce,
    announce_mcp,
    isolation_options,
    stop_on_signals,
    wait,
)
from .session_pool.engines.choice import choose
from .session_pool.engines.interface import EngineError
from .session_pool.sessions.pool import Pool
from .session_pool.wire.identity_endpoint import IdentityEndpoint
from .session_pool.wire.loopback import PortInUse
from .session_pool.wire.mcp import McpServer
from .session_pool.wire.server import SessionPoolServer
from .session_pool.wire.tokens import TokenAuthority
from .terminal_log import print_warnings

APP_ROOT = Path(__file__).resolve().parents[1]
# As deployed: calls wait for the pool, so one worker has many threads; and links can be signed.
_APP_SETTINGS = {"PYTHON_THREADPOOL_THREAD_COUNT": "256", "SIGNING_KEY": secrets.token_urlsafe(32)}
_TRIAL = '{"pythonCode": "6 * 7"}'


def main() -> int:
    parser = _parser()
    options = parser.parse_args()
    if options.mcp and options.pool_endpoint:
        parser.error("--mcp is for the emulator's pool: a real one has an MCP server if Azure enables it")
    if contradiction := conflict(options):
        parser.error(contradiction)
    print_warnings()
    stop = stop_on_signals()
    servers: list[SessionPoolServer | IdentityEndpoint | LocalStorage | FunctionsHost] = []
    app_settings = dict(_APP_SETTINGS)
    local_storage = None
    try:
        # All ports are taken before anything starts, so that one that is in use is reported at once.
        engine = None
        if options.pool_endpoint:
            _set(POOL_MANAGEMENT_ENDPOINT=options.pool_endpoint, POOL_CREDENTIAL="azure_cli")
        else:
            authority = TokenAuthority()
            identity = IdentityEndpoint(authority)
            endpoints = []
            for number in range(options.pools):
                engine = choose(**isolation_options(options))
                pool = Pool(engine, max_sessions=options.max_sessions, longest_run_seconds=options.longest_run)
                port = options.pool_port and options.pool_port + number
                mcp = McpServer() if options.mcp else None
                pool_server = SessionPoolServer(pool, authority, port=port, mcp=mcp)
                servers.append(pool_server)
                # The name of the pool, which ends its address, is for people. The server answers to any.
                endpoints.append(f"{pool_server.endpoint}-{number + 1}" if number else pool_server.endpoint)
            servers.append(identity)
            local_storage = storage(options, authority)
            if local_storage is not None:
                servers.append(local_storage)
                app_settings |= local_storage.settings
            _set(
                POOL_MANAGEMENT_ENDPOINT=",".join(endpoints),
                POOL_CREDENTIAL="managed_identity",
                **identity.environment,
            )
        _set(NO_PROXY=",".join(filter(None, (os.environ.get("NO_PROXY"), "127.0.0.1", "localhost"))))
        host = FunctionsHost(
            APP_ROOT,
            port=options.port,
            require_keys=options.keys,
            chunked=options.chunked,
            app_settings=app_settings,
        )
        servers.append(host)
        for server in servers:
            server.start()
        pool_servers = [server for server in servers if isinstance(server, SessionPoolServer)]
        _announce(host, pool_servers, engine, options.pool_endpoint, local_storage)
        wait(stop)
        return 0
    except PortInUse as taken:
        is_pool = options.pool_port <= taken.port < options.pool_port + options.pools
        has_storage = not (options.no_storage or options.pool_endpoint)
        is_storage = has_storage and taken.port == storage_port(options)
        option = "--pool-port" if is_pool else "--storage-port" if is_storage else "--port"
        print(f"{taken}: choose another with {option} (0 picks a free one)", file=sys.stderr)
        return 1
    except (FunctionAppError, EngineError, StorageFolderError) as failure:
        print(failure, file=sys.stderr)
        return 1
    except RuntimeError as failure:
        print(failure.__cause__ or failure, file=sys.stderr)
        return 1
    finally:
        logging.disable()  # what the stop interrupts is no news
        for server in reversed(servers):
            server.stop()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m emulator", description=__doc__)
    parser.add_argument(
        "--port", type=int, default=7071, help="port of the connector; 0 picks a free one (default 7071)"
    )
    parser.add_argument(
        "--pool-port",
        type=int,
        default=7072,
        help="port of the session pool, and of the first of several (default 7072)",
    )
    parser.add_argument("--pools", type=_pools, default=1, metavar="NUMBER", help="session pools, 1 to 9 (default 1)")
    add_storage_options(parser)
    add_mcp_option(parser)
    add_max_sessions_option(parser)
    parser.add_argument("--keys", action="store_true", help="require a function key of callers, as Azure does")
    parser.add_argument(
        "--chunked",
        choices=("pass", "drop"),
        default="pass",
        help="bodies without a length (Transfer-Encoding: chunked): pass them on, as in Azure (default), or drop them, "
        "as the Functions host on its own does",
    )
    parser.add_argument(
        "--pool-endpoint",
        metavar="URL",
        type=_endpoint,
        help="use a real session pool, at its poolManagementEndpoint, as the account of `az login`",
    )
    add_longest_run_option(parser)
    add_isolation_options(parser)
    return parser


def _endpoint(text: str) -> str:
    if not text.startswith(("http://", "https://")) or "/sessionPools/" not in text:
        raise argparse.ArgumentTypeError(f"'{text}' is not a poolManagementEndpoint: https://.../sessionPools/NAME")
    return text


def _pools(text: str) -> int:
    if not re.fullmatch("[1-9]", text):
        raise argparse.ArgumentTypeError(f"'{text}' is not a whole number from 1 to 9")
    return int(text)


def _set(**environment: str) -> None:
    """Sets what the platform would set for the app, which reads its environment when it is loaded."""
    os.environ.update(environment)


def _announce(
    host: FunctionsHost,
    pool_servers: list[SessionPoolServer],
    engine: Any,
    pool_endpoint: str | None,
    local_storage: LocalStorage | None,
) -> None:
    base = host.url + host.prefix
    key = f" -H 'x-functions-key: {host.function_key}'" if host.function_key else ""
    if os.environ.get("PLAYGROUND", "").strip() in ("", "on"):  # a setting of the app, which may turn it off
        print(f"playground     {base}/playground")
    print(f"connector      {base}")
    if host.function_key:
        print(f"function key   {host.function_key}")
    print(f"document       {base}/openapi.json")
    print(f"try            curl {base}/executions{key} -H 'Content-Type: application/json' -d '{_TRIAL}'")
    if local_storage is not None:
        local_storage.announce()
    for pool_server in pool_servers:
        announce_mcp(pool_server)
    if engine is not None:
        announce(os.environ["POOL_MANAGEMENT_ENDPOINT"].split(","), engine)
    else:
        print(f"session pool   {pool_endpoint}")
        print("isolation      the session pool's own")
        print("ready", flush=True)


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    sys.stderr.flush()
    # A function that is still waiting would keep its thread, and so the process, alive.
    os._exit(code)

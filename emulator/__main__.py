"""python -m emulator: the connector on your own machine, with an identity endpoint and a session pool."""

import argparse
import logging
import os
import secrets
import sys
from pathlib import Path
from typing import Any

from .functions_host import FunctionAppError, FunctionsHost
from .session_pool.__main__ import (
    add_isolation_options,
    add_longest_run_option,
    announce,
    isolation_options,
    stop_on_signals,
    wait,
)
from .session_pool.engines.choice import choose
from .session_pool.engines.interface import EngineError
from .session_pool.sessions.pool import Pool
from .session_pool.wire.identity_endpoint import IdentityEndpoint
from .session_pool.wire.loopback import PortInUse
from .session_pool.wire.server import SessionPoolServer
from .session_pool.wire.tokens import TokenAuthority

APP_ROOT = Path(__file__).resolve().parents[1]
# As deployed: calls wait for the pool, so one worker serves as many as it has threads; and links can be signed.
_APP_SETTINGS = {"PYTHON_THREADPOOL_THREAD_COUNT": "16", "SIGNING_KEY": secrets.token_urlsafe(32)}
_TRIAL = '{"pythonCode": "6 * 7"}'


def main() -> int:
    options = _parser().parse_args()
    stop = stop_on_signals()
    servers: list[SessionPoolServer | IdentityEndpoint | FunctionsHost] = []
    try:
        # All ports are taken before anything starts, so that one that is in use is reported at once.
        engine = None
        if options.pool_endpoint:
            _set(POOL_MANAGEMENT_ENDPOINT=options.pool_endpoint, POOL_CREDENTIAL="azure_cli")
        else:
            engine, authority = choose(**isolation_options(options)), TokenAuthority()
            pool_server = SessionPoolServer(
                Pool(engine, longest_run_seconds=options.longest_run), authority, port=options.pool_port
            )
            identity = IdentityEndpoint(authority)
            servers += [pool_server, identity]
            _set(
                POOL_MANAGEMENT_ENDPOINT=pool_server.endpoint,
                POOL_CREDENTIAL="managed_identity",
                **identity.environment,
            )
        _set(NO_PROXY=",".join(filter(None, (os.environ.get("NO_PROXY"), "127.0.0.1", "localhost"))))
        host = FunctionsHost(APP_ROOT, port=options.port, require_keys=options.keys, app_settings=_APP_SETTINGS)
        servers.append(host)
        for server in servers:
            server.start()
        _announce(host, engine, options.pool_endpoint)
        wait(stop)
        return 0
    except PortInUse as taken:
        option = "--pool-port" if taken.port == options.pool_port else "--port"
        print(f"{taken}: choose another with {option} (0 picks a free one)", file=sys.stderr)
        return 1
    except (FunctionAppError, EngineError) as failure:
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
    parser.add_argument("--pool-port", type=int, default=7072, help="port of the session pool (default 7072)")
    parser.add_argument("--keys", action="store_true", help="require a function key of callers, as Azure does")
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


def _set(**environment: str) -> None:
    """Sets what the platform would set for the app, which reads its environment when it is loaded."""
    os.environ.update(environment)


def _announce(host: FunctionsHost, engine: Any, pool_endpoint: str | None) -> None:
    base = host.url + host.prefix
    key = f" -H 'x-functions-key: {host.function_key}'" if host.function_key else ""
    print(f"connector      {base}")
    if host.function_key:
        print(f"function key   {host.function_key}")
    print(f"document       {base}/openapi.json")
    print(f"try            curl {base}/executions{key} -H 'Content-Type: application/json' -d '{_TRIAL}'")
    if engine is not None:
        announce(os.environ["POOL_MANAGEMENT_ENDPOINT"], engine)
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

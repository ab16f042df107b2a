"""python -m tests.clients.mcp_conformance.fixture: the connector, whose MCP server has the names of fixed_names.py.

Everything in front of these is the connector's own: the host, the HTTP adapter and both generations of the protocol.
Its settings are environment variables.
"""

import connector.http.mcp as adapter
from emulator.functions_host import FunctionsHost
from emulator.session_pool.__main__ import stop_on_signals, wait
from tests.clients.mcp_conformance import fixed_names
from tests.clients.programs import ROOT


def main() -> None:
    stop = stop_on_signals()
    adapter.methods = fixed_names.methods
    host = FunctionsHost(ROOT)
    host.start()
    print(f"mcp  {host.url}{host.prefix}/mcp\nready", flush=True)
    wait(stop)
    host.stop()


if __name__ == "__main__":
    main()

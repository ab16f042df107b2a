"""python -m tests.clients.mcp.connector_alone PORT: the connector without a pool, to be stopped and started again.

Its settings are environment variables, as on Azure. Port 0 picks a free one.
"""

import sys

from emulator.functions_host import FunctionsHost
from emulator.session_pool.__main__ import stop_on_signals, wait
from tests.clients.programs import ROOT


def main(port: int) -> None:
    stop = stop_on_signals()
    host = FunctionsHost(ROOT, port=port)
    host.start()
    print(f"connector  {host.url}{host.prefix}\nready", flush=True)
    wait(stop)
    host.stop()


if __name__ == "__main__":
    main(int(sys.argv[1]))

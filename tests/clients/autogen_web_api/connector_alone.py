"""A program: the connector at a port, for the pool that its environment names. It has no pool of its own, so it can be
restarted while the sessions go on. POOL_PYTHON runs it.
"""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT))

from emulator.functions_host import FunctionsHost  # noqa: E402

host = FunctionsHost(ROOT, port=int(sys.argv[1]), app_settings={"PYTHON_THREADPOOL_THREAD_COUNT": "256"})
host.start()
print(f"connector  {host.url}{host.prefix}")
print("ready", flush=True)
sys.stdin.read()

"""Leaves a daemon that is in another process group and session."""

import subprocess
import sys

subprocess.Popen(
    [sys.executable, "-c", "import os, time\nif os.fork(): os._exit(0)\nos.setsid()\ntime.sleep(1000)", MARK],  # noqa: F821
    start_new_session=True,
)

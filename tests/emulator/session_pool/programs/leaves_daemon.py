"""Leaves a program behind that wants to live on, out of reach of its group and session."""

import subprocess
import sys

subprocess.Popen(
    [sys.executable, "-c", "import os, time\nif os.fork(): os._exit(0)\nos.setsid()\ntime.sleep(1000)", MARK],  # noqa: F821
    start_new_session=True,
)

"""Forks, and lets the second process go on as if it were the first."""

import os
import time

forked = os.fork()
if forked:
    time.sleep(0.3)

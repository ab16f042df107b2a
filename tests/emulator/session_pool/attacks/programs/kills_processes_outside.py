"""Kills processes outside its session, by the numbers that they have on the machine."""

import os
import signal

import target

for number in (signal.SIGTERM, signal.SIGINT, signal.SIGKILL):
    for pid in target.PIDS:
        for send in (os.kill, os.killpg):
            try:
                send(pid, number)
            except OSError:
                pass
target.tried()

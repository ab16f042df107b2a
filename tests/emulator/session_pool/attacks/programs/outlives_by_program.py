"""Leaves a program of the machine that runs without Python, far from its group and session."""

import subprocess

import target

subprocess.run(["setsid", "sh", "-c", f"trap '' HUP INT TERM; (sleep 1000; : {target.MARK}) & sleep 0.1"])
target.tried()

"""Has every line and call of the interpreter raise."""

import sys
import threading

import target


def trace(*_: object) -> None:
    raise SystemExit


target.tried()
threading.settrace(trace)
threading.setprofile(trace)
sys.settrace(trace)
sys.setprofile(trace)

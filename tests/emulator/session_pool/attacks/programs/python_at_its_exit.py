"""Leaves functions, objects and threads that run when the interpreter ends, and never end; then ends it."""

import atexit
import signal
import sys
import threading
import time

import target


class Lasting:
    def __del__(self) -> None:
        time.sleep(1000)


lasting = Lasting()
atexit.register(time.sleep, 1000)
threading.Thread(target=time.sleep, args=(1000,), daemon=False).start()
for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGPIPE):
    signal.signal(number, lambda *_: time.sleep(1000))
target.tried()
sys.exit(lasting)

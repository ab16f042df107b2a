"""Has the kernel send signals for it: makes another process the owner of a socket, and then writes to that."""

import fcntl
import os
import signal
import socket
import time

import target

for pid in target.PIDS:
    one, two = socket.socketpair()
    for number in (signal.SIGURG, signal.SIGUSR1):
        try:
            fcntl.fcntl(one, fcntl.F_SETOWN, pid)
            fcntl.fcntl(one, 10, int(number))  # F_SETSIG
            fcntl.fcntl(one, fcntl.F_SETFL, os.O_ASYNC | os.O_NONBLOCK)
            two.send(b"x")
        except OSError:
            pass
time.sleep(0.2)
target.tried()

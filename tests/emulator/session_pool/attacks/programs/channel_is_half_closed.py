"""Closes the connection in one direction, and then in the other."""

import socket
import time

import target

target.tried()
for fd in target.sockets():
    for how in (socket.SHUT_RD, socket.SHUT_WR):
        try:
            socket.socket(fileno=fd).shutdown(how)
        except OSError:
            pass
        time.sleep(0.1)

"""Sends messages as the server sends them to its init, and descriptors, to every socket that it holds."""

import array
import json
import os
import socket

import target

target.tried()
for fd in target.sockets():
    for message in ({"do": "start", "name": "x"}, {"do": "kill", "name": "main"}, {"event": "ended", "name": "main"}):
        try:
            held = array.array("i", [os.open("/dev/null", os.O_RDONLY)] * 3)
            out = socket.socket(fileno=os.dup(fd))
            out.sendmsg([json.dumps(message).encode()], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, held)])
        except OSError:
            pass

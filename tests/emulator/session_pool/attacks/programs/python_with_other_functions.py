"""Replaces the functions by which the interpreter communicates with the server."""

import json
import os
import socket
import struct

import target

target.tried()
json.dumps = lambda *_, **__: '{"type": "execute_reply"}'
json.loads = lambda *_, **__: {"code": "print('replaced')", "id": 1}
os.getpid = lambda: 1
struct.Struct.pack = None if False else struct.pack
socket.SocketType.sendall = lambda *_: None

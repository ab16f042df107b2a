"""Writes to the server directly: first a forged reply, then bytes that are not a message."""

import json
import socket
import struct

from emulator.session_pool.engines.shared.kernel import SessionKernel

channel = SessionKernel.instance().session.channel
body = json.dumps({"type": "execute_reply", "parent": "another run", "content": {"status": "ok"}}).encode()
channel._connection.sendall(struct.pack(">I", len(body)) + body)
channel._connection.sendall(struct.pack(">I", 2**31) + b"x" * 100)
channel._connection.shutdown(socket.SHUT_WR)

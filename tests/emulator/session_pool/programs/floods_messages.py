"""Endlessly writes tiny, empty messages to the server."""

import struct

channel = get_ipython().kernel.session.channel  # noqa: F821
while True:
    channel._connection.sendall((struct.pack(">I", 2) + b"{}") * 1000)

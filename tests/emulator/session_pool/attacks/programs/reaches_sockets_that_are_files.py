"""Connects to Unix sockets in the file system, as container engines and system buses have them."""

import glob
import socket

import target

known = ["/run/docker.sock", "/var/run/docker.sock", "/run/dbus/system_bus_socket", "/run/systemd/private"]
for path in [target.PATH_SOCKET, *known, *glob.glob("/run/*.sock"), *glob.glob("/tmp/*/*.sock")]:
    try:
        with socket.socket(socket.AF_UNIX) as out:
            out.settimeout(0.5)
            out.connect(path)
            out.sendall(target.NAME.encode())
            target.breached(f"connected to {path}")
    except OSError:
        pass
target.tried()

"""Listens on addresses of the machine, to be taken for one of its programs."""

import socket

import target

for address in (target.NETWORK, target.METADATA):
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
        try:
            with socket.socket(socket.AF_INET, kind) as listener:
                listener.bind((address, 8100))
        except OSError:
            continue
        target.breached(f"listens on {address}")
target.tried()

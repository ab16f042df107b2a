"""Sends nested messages, from a few hundred levels to a million."""

import os

import target
from IPython import get_ipython

parent = get_ipython().kernel.get_parent()["header"]["msg_id"].encode()
target.tried()
for depth in (200, 500, *range(800, 1000, 3), 1_000_000):
    deep = b"[" * depth + b"]" * depth
    for kind, member in ((b"error", b"evalue"), (b"error", b"traceback"), (b"stream", b"text")):
        content = b'{"name": "stdout", "%b": %b}' % (member, deep)
        for fd in target.sockets():
            try:
                os.write(fd, target.frame(b'{"type": "%b", "parent": "%b", "content": %b}' % (kind, parent, content)))
            except OSError:
                pass

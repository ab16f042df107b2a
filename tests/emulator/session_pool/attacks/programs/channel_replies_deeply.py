"""Replies to its own execution with a failure that is nested as deeply as a message can be."""

import os

import target
from IPython import get_ipython

parent = get_ipython().kernel.get_parent()["header"]["msg_id"].encode()
target.tried()
depth = 900
deep = b"[" * depth + b"]" * depth
content = b'{"status": "error", "evalue": %b, "traceback": [%b]}' % (deep, deep)
for fd in target.sockets():
    try:
        os.write(fd, target.frame(b'{"type": "execute_reply", "parent": "%b", "content": %b}' % (parent, content)))
    except OSError:
        pass

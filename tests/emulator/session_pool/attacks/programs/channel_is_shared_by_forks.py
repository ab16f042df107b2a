"""Forks, and lets both processes return, answer and read requests."""

import json
import os

import target
from IPython import get_ipython

parent = get_ipython().kernel.get_parent()["header"]["msg_id"]
if os.fork() == 0:
    kernel = get_ipython().kernel
    kernel.session.channel._pid = os.getpid()
    for fd in target.sockets():
        try:
            message = {"type": "execute_reply", "parent": parent, "content": {"status": "ok"}}
            os.write(fd, target.frame(json.dumps(message).encode()))
        except OSError:
            pass
else:
    target.tried()

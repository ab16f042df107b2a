"""Writes replies to the server itself: to its own execution, to executions that it guesses, and twice."""

import json
import os

import target
from IPython import get_ipython

parent = get_ipython().kernel.get_parent()["header"]["msg_id"]
target.tried()
for fd in target.sockets():
    for run in ("neighbour", "", None, 1, parent, parent):
        for kind in ("execute_result", "stream", "execute_reply"):
            content = {"status": "ok", "name": "stdout", "text": "forged", "data": {"text/plain": "'forged'"}}
            try:
                os.write(fd, target.frame(json.dumps({"type": kind, "parent": run, "content": content}).encode()))
            except OSError:
                pass

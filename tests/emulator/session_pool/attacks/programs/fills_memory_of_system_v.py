"""Takes System V shared memory, which outlives the processes that made it."""

import ctypes

import target

target.libc.shmat.restype = ctypes.c_void_p
taken = 0
held = []
while taken < target.MUCH:
    identifier, _ = target.call("shmget", 0, 64 << 20, 0o1600)
    if identifier < 0:
        break
    target.breached("has System V shared memory")
    address = target.libc.shmat(identifier, None, 0)
    held.append(identifier)
    target.libc.shmctl(identifier, 0, None)
    if address in (None, ctypes.c_void_p(-1).value):
        break
    ctypes.memset(address, 1, 64 << 20)
    taken += 64 << 20
target.tried()

"""Takes memory for objects until there is no more."""

import target

held = []
try:
    while sum(map(len, held)) < target.MUCH:
        held.append(bytearray(b"x") * (64 << 20))
    target.breached("took 3 GiB")
except MemoryError:
    pass
held.clear()
target.tried()

"""Makes the garbage collector call functions that raise, and collect what the interpreter needs."""

import gc

import target


def strange(*_: object) -> None:
    raise KeyboardInterrupt


gc.callbacks.append(strange)
gc.set_threshold(1)
gc.unfreeze()
for found in gc.get_objects():
    if type(found) is dict and "requests" in found:
        found.clear()
gc.collect()
target.tried()

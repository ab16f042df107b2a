"""How much memory a session has."""

from __future__ import annotations

import os

from .host import exists, open_file

_MEMORY_LIMITS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")


def memory_limit() -> int:
    """Of all processes of the session, in bytes. 0 if it is unknown."""
    limits: list[int] = []
    try:
        import resource

        limits.append(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
        limits += [resource.getrlimit(kind)[0] for kind in (resource.RLIMIT_AS, resource.RLIMIT_DATA)]
        for path in _MEMORY_LIMITS:
            if exists(path):
                with open_file(path) as file:
                    text = file.read().strip()
                    limits += [int(text)] if text.isdigit() else []
    except Exception:
        pass
    return min((limit for limit in limits if limit > 0), default=0)

"""Watches all its descriptors with as many epolls as it may have."""

import contextlib
import os
import select

import target

held = []
watched = 0
pipes = [end for _ in range(200) for end in os.pipe()]
with contextlib.suppress(OSError):
    while watched < 2_000_000:
        held.append(select.epoll())
        for end in pipes:
            held[-1].register(end)
            watched += 1
if watched >= 2_000_000:
    target.breached("has 2,000,000 watches")
target.tried()

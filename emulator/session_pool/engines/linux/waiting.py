"""How the supervisor, the zygote and the inits wait: for messages, for signals, and for children to end."""

import math
import os
import select
import signal
import socket
from collections.abc import Iterable


def readable(sources: Iterable[socket.socket | int], seconds: float | None = None) -> set[int]:
    """The descriptors that can be read, or whose peer has ended; waits for the first, at most `seconds`.

    Uses poll(2): a pool of many sessions has more descriptors than select(2) can handle.
    """
    poll = select.poll()
    for source in sources:
        poll.register(source, select.POLLIN)
    return {fd for fd, _ in poll.poll(None if seconds is None else math.ceil(1000 * seconds))}


def bell(*also: signal.Signals) -> int:
    """A descriptor, readable when a child may have ended or a signal of `also` arrived: `answer` it, then `reap`."""
    descriptor, rung = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    signal.set_wakeup_fd(rung, warn_on_full_buffer=False)
    for number in (signal.SIGCHLD, *also):
        signal.signal(number, lambda *_: None)
    return descriptor


def answer(descriptor: int) -> set[int]:
    """The signals that have arrived."""
    return set(os.read(descriptor, 4096))


def forget() -> None:
    """In a fork of a process with a bell: the fork must not ring it."""
    signal.set_wakeup_fd(-1)
    for number in (signal.SIGCHLD, signal.SIGALRM):
        signal.signal(number, signal.SIG_DFL)


def reap() -> list[tuple[int, int]]:
    """The pid and wait status of each child that has ended since the last time."""
    ended = []
    try:
        while (child := os.waitpid(-1, os.WNOHANG))[0]:
            ended.append(child)
    except ChildProcessError:
        pass
    return ended

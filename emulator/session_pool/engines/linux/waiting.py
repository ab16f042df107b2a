"""What the supervisor, the zygote and the inits wait for: messages, signals, and the ends of their children."""

import math
import os
import select
import signal
import socket
from collections.abc import Iterable


def readable(sources: Iterable[socket.socket | int], seconds: float | None = None) -> set[int]:
    """The descriptors of those that can be read, or whose other side has ended; waits for one, `seconds` at most.

    There may be any number of them, with any number: a pool of many sessions has more than select(2) takes.
    """
    poll = select.poll()
    for source in sources:
        poll.register(source, select.POLLIN)
    return {fd for fd, _ in poll.poll(None if seconds is None else math.ceil(1000 * seconds))}


def bell(*also: signal.Signals) -> int:
    """A descriptor that can be read when a child may have ended, or a signal of `also` came: `answer`, then `reap`."""
    heard, rung = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    signal.set_wakeup_fd(rung, warn_on_full_buffer=False)
    for number in (signal.SIGCHLD, *also):
        signal.signal(number, lambda *_: None)
    return heard


def answer(heard: int) -> set[int]:
    """The signals that came."""
    return set(os.read(heard, 4096))


def forget() -> None:
    """In a fork of a process that has a bell: this one is none of its business."""
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

"""Limits what a session's processes hold of the kernel's objects: the kernel has a limit for each process or each user.

All sessions are one user to the kernel. What one of them took whole, such as the watches of epoll, would be missing in
all others, and in the server itself.
"""

import os
import time
from pathlib import Path

_OPEN_FILES = 8192
_PIPES = 512  # half of those that a user may have before new ones become small
_LOCKS = 1000
_SHARE_OF_WATCHES = 8  # sessions that can have as many as they may
_FEW_OPEN_FILES = 512  # so few need no second look
_LOCKS_BYTES = 1 << 17  # enough to count more than are allowed
_SHARE_OF_TIME = 0.1  # of a processor, for second looks


class KernelObjects:
    """One session's."""

    def __init__(self) -> None:
        self._watches = _most_watches() // _SHARE_OF_WATCHES
        self._next_count = 0.0

    def excess(self, pids: list[int]) -> str | None:
        """What the processes have too much of, to complete a sentence; None if they keep within the limits."""
        opened = {pid: _number_of_files(pid) for pid in pids}
        total = sum(opened.values())
        if total > _OPEN_FILES:
            return f"had more than {_OPEN_FILES:,} open files"
        watches = sum(map(_possible_watches, opened.values()))
        now = time.monotonic()
        if (total > _FEW_OPEN_FILES or watches > self._watches) and now >= self._next_count:
            pipes, watches = _pipes_and_watches(opened)
            self._next_count = time.monotonic() + (time.monotonic() - now) / _SHARE_OF_TIME
            if pipes > _PIPES:
                return f"had more than {_PIPES} pipes"
            if watches > self._watches:
                return f"watched more than {self._watches:,} files with epoll"
        if _has_many_locks(set(pids)):
            return f"held more than {_LOCKS:,} locks on files"
        return None


def _most_watches() -> int:
    """That all processes of a user may have together, by their share of the machine's memory."""
    return int(Path("/proc/sys/fs/epoll/max_user_watches").read_text())


def _number_of_files(pid: int) -> int:
    """That are open; 0 if it has ended. Linux has their number as the folder's size since 6.2."""
    folder = f"/proc/{pid}/fd"
    try:
        return os.stat(folder).st_size or len(os.listdir(folder))
    except OSError:
        return 0


def _possible_watches(files: int) -> int:
    """Half of the files of a process may each watch the other half."""
    return files * files // 4


def _pipes_and_watches(opened: dict[int, int]) -> tuple[int, int]:
    """Different pipes, and watches of epoll: those that processes share are counted for each.

    `opened` is the number of each process's files: they are counted as the worst if it does not let them be seen.
    """
    pipes: set[str] = set()
    unseen = watches = 0
    for pid, number in opened.items():
        try:
            names = os.listdir(f"/proc/{pid}/fd")
        except FileNotFoundError:
            continue  # it has ended
        except OSError:
            unseen += number
            watches += _possible_watches(number)
            continue
        for name in names:
            try:
                target = os.readlink(f"/proc/{pid}/fd/{name}")
                if target.startswith("pipe:"):
                    pipes.add(target)
                elif target == "anon_inode:[eventpoll]":
                    watches += Path(f"/proc/{pid}/fdinfo/{name}").read_bytes().count(b"tfd:")
            except OSError:
                continue  # it was closed
    return len(pipes) + unseen, watches


def _has_many_locks(pids: set[int]) -> bool:
    try:
        with open("/proc/locks", "rb") as file:
            lines = file.read(_LOCKS_BYTES).splitlines()
    except OSError:
        return False  # it cannot be read everywhere
    if len(lines) <= _LOCKS:
        return False
    # "1: POSIX  ADVISORY  WRITE 4711 00:2a:17 0 9", or with an arrow if it waits
    holders = (line.replace(b"-> ", b"").split()[4:5] for line in lines)
    return sum(int(holder[0]) in pids for holder in holders if holder) > _LOCKS

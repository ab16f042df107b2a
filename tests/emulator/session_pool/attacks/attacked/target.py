"""Constants and reports for attack programs, which use `import target`.

Writes to descriptors, so that it works in forks, threads and damaged interpreters.
"""

import ctypes
import os
import platform
import re
import socket
import time
from collections.abc import Iterator

NAME = MARK = HOST_FOLDER = HOST_FILE = HOME = REPOSITORY = ABSTRACT = PATH_SOCKET = NEIGHBOUR_SOCKET = ""
POOL_PORT = 0
PIDS: list[int] = []  # of the server, the zygote, another session, and of processes to attack
PORT, NETWORK, METADATA = 8099, "10.99.0.1", "169.254.169.254"
OWN_FOLDERS = ("/mnt/data", "/tmp", "/home/session", "/dev/shm")
MUCH = 3 << 30  # bytes; an attack that takes more than this has succeeded

SECRET = re.compile(rb"SECRET-OF-\w+-[0-9a-f]{32}")
libc = ctypes.CDLL(None, use_errno=True)

# Numbers of system calls on x86_64 and on aarch64.
NUMBERS = {
    "acct": (163, 89), "add_key": (248, 217), "adjtimex": (159, 171), "bpf": (321, 280), "capset": (126, 91),
    "chroot": (161, 51), "clock_settime": (227, 112), "clone": (56, 220), "clone3": (435, 435),
    "delete_module": (176, 106), "fanotify_init": (300, 262), "finit_module": (313, 273), "fsopen": (430, 430),
    "fspick": (433, 433), "init_module": (175, 105), "io_uring_setup": (425, 425), "ioprio_set": (251, 30),
    "kcmp": (312, 272), "kexec_file_load": (320, 294), "kexec_load": (246, 104), "keyctl": (250, 219),
    "listmount": (458, 458), "lookup_dcookie": (212, 18), "mbind": (237, 235), "memfd_create": (319, 279),
    "memfd_secret": (447, 447), "migrate_pages": (256, 238), "mount": (165, 40), "mount_setattr": (442, 442),
    "move_mount": (429, 429), "move_pages": (279, 239), "mq_open": (240, 180), "msgget": (68, 186),
    "name_to_handle_at": (303, 264), "open_by_handle_at": (304, 265), "open_tree": (428, 428),
    "perf_event_open": (298, 241), "personality": (135, 92), "pidfd_getfd": (438, 438), "pidfd_open": (434, 434),
    "pidfd_send_signal": (424, 424), "pivot_root": (155, 41), "process_madvise": (440, 440),
    "process_mrelease": (448, 448), "process_vm_readv": (310, 270), "process_vm_writev": (311, 271),
    "ptrace": (101, 117), "quotactl": (179, 60), "reboot": (169, 142), "renameat2": (316, 276),
    "request_key": (249, 218), "rt_sigqueueinfo": (129, 138), "seccomp": (317, 277), "semget": (64, 190),
    "set_mempolicy": (238, 237), "setdomainname": (171, 162), "sethostname": (170, 161), "setns": (308, 268),
    "settimeofday": (164, 170), "shmat": (30, 196), "shmget": (29, 194), "statmount": (457, 457),
    "swapoff": (168, 225), "swapon": (167, 224), "syslog": (103, 116), "umount2": (166, 39), "unshare": (272, 97),
    "userfaultfd": (323, 282), "vhangup": (153, 58),
}  # fmt: skip
NEW_NAMESPACES = {
    "mount": 0x0002_0000, "cgroup": 0x0200_0000, "uts": 0x0400_0000, "ipc": 0x0800_0000, "user": 0x1000_0000,
    "pid": 0x2000_0000, "net": 0x4000_0000, "time": 0x80,
}  # fmt: skip

_write = os.write
_PID = os.getpid()


def say(text: str) -> None:
    _write(1, f"\n{text}\n".encode("utf-8", "replace"))  # a separate line, even between other output


def breached(what: object) -> None:
    say(f"BREACHED: {what}")


def tried() -> None:
    say("TRIED")


def tell(data: bytes) -> None:
    """Reports the secrets in the data that was read."""
    for found in set(SECRET.findall(data)):
        breached(f"read {found.decode()}")


def read(path: str, limit: int = 1 << 20) -> bytes:
    """Reads the path and reports the secrets in it; ignores a path that cannot be read."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return b""
    try:
        data = os.read(fd, limit)
    except OSError:
        return b""
    finally:
        os.close(fd)
    tell(data)
    return data


def call(name: str, *arguments: object) -> tuple[int, int]:
    """The result of a system call, and its errno."""
    number = NUMBERS[name][platform.machine() == "aarch64"]
    ctypes.set_errno(0)
    words = [ctypes.c_long(argument) if isinstance(argument, int) else argument for argument in arguments]
    result = libc.syscall(ctypes.c_long(number), *words)
    return result, ctypes.get_errno()


def attempt(name: str, *arguments: object) -> int:
    """A system call that must be refused."""
    result, _ = call(name, *arguments)
    if result >= 0:
        breached(f"{name} was let through")
    return result


def begin() -> None:
    """Gives this process, and all that it forks, a name that can be seen from outside."""
    libc.prctl(15, MARK.encode()[:15], 0, 0, 0)


def pids() -> list[int]:
    """Of all processes that can be seen."""
    return sorted(int(name) for name in os.listdir("/proc") if name.isdigit())


def strangers() -> list[int]:
    """Processes that may be worth an attack: those that it was given and those that it can see, except itself."""
    try:
        seen = pids()
    except OSError:
        seen = []
    return [pid for pid in {*PIDS, *seen} if pid != os.getpid()]


def writable_folders() -> Iterator[str]:
    for folder in dict.fromkeys((*OWN_FOLDERS, os.getcwd())):
        try:
            path = os.path.join(folder, "tried")
            open(path, "w").close()
            os.unlink(path)
        except OSError:
            continue
        yield folder


def until(seconds: float) -> Iterator[int]:
    """Counts for that many seconds."""
    end, number = time.monotonic() + seconds, 0
    while time.monotonic() < end:
        yield number
        number += 1


def sockets() -> list[int]:
    """Descriptors of this process that are sockets to another one: its way to the server."""
    found = []
    for fd in range(3, 4096):
        try:
            with socket.socket(fileno=os.dup(fd)) as held:
                peer = held.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 4)
        except OSError:
            continue
        if int.from_bytes(peer, "little") != _PID:  # an event loop also has a pair of sockets
            os.set_blocking(fd, True)
            found.append(fd)
    return found


def frame(text: bytes) -> bytes:
    """One message to the server."""
    return len(text).to_bytes(4, "big") + text

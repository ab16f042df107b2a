"""Which system calls the code of a session may make: a seccomp filter that allows only those named here.

An allowlist, because the kernel gains new calls, and most of its vulnerabilities were found in calls that few programs
need. Any other call fails with ENOSYS, as on an old kernel, and programs fall back to something else. Omitted on
purpose: everything that creates or enters namespaces, mounts, or inspects other processes; io_uring, userfaultfd, bpf,
perf and keys, where escapes were found; memfd and System V shared memory, which no limit of a session would count.

Independent of sessions. Source of the numbers: libseccomp's tables, and the kernel's for calls that are newer.
"""

import ctypes
import errno
import os
import struct

# Name: (number on x86_64, number on aarch64); None where the processor does not have the call.
ALLOWED: dict[str, tuple[int | None, int | None]] = {
    "accept": (43, 202), "accept4": (288, 242), "access": (21, None), "alarm": (37, None), "arch_prctl": (158, None),
    "bind": (49, 200), "brk": (12, 214), "cachestat": (451, 451), "capget": (125, 90), "chdir": (80, 49),
    "chmod": (90, None), "chown": (92, None), "clock_getres": (229, 114), "clock_gettime": (228, 113),
    "clock_nanosleep": (230, 115), "close": (3, 57), "close_range": (436, 436), "connect": (42, 203),
    "copy_file_range": (326, 285), "creat": (85, None), "dup": (32, 23), "dup2": (33, None), "dup3": (292, 24),
    "epoll_create": (213, None), "epoll_create1": (291, 20), "epoll_ctl": (233, 21), "epoll_pwait": (281, 22),
    "epoll_pwait2": (441, 441), "epoll_wait": (232, None), "eventfd": (284, None), "eventfd2": (290, 19),
    "execve": (59, 221), "execveat": (322, 281), "exit": (60, 93), "exit_group": (231, 94), "faccessat": (269, 48),
    "faccessat2": (439, 439), "fallocate": (285, 47), "fchdir": (81, 50), "fchmod": (91, 52),
    "fchmodat": (268, 53), "fchmodat2": (452, 452), "fchown": (93, 55), "fchownat": (260, 54), 
    "fgetxattr": (193, 10), "flistxattr": (196, 13), "flock": (73, 32), "fork": (57, None),
    "fremovexattr": (199, 16), "fsetxattr": (190, 7), "fstat": (5, 80), "fstatfs": (138, 44), 
    "ftruncate": (77, 46), "futex": (202, 98), "futex_requeue": (456, 456), "futex_wait": (455, 455),
    "futex_waitv": (449, 449), "futex_wake": (454, 454), "futimesat": (261, None), "get_mempolicy": (239, 236),
    "get_robust_list": (274, 100), "getcpu": (309, 168), "getcwd": (79, 17), "getdents": (78, None),
    "getdents64": (217, 61),
    "getegid": (108, 177), "geteuid": (107, 175), "getgid": (104, 176), "getgroups": (115, 158),
    "getitimer": (36, 102), "getpeername": (52, 205), "getpgid": (121, 155), "getpgrp": (111, None),
    "getpid": (39, 172), "getppid": (110, 173), "getpriority": (140, 141), "getrandom": (318, 278),
    "getresgid": (120, 150), "getresuid": (118, 148), "getrlimit": (97, 163), "getrusage": (98, 165),
    "getsid": (124, 156), "getsockname": (51, 204), "getsockopt": (55, 209), "gettid": (186, 178),
    "gettimeofday": (96, 169), "getuid": (102, 174), "getxattr": (191, 8), "inotify_add_watch": (254, 27),
    "inotify_init": (253, None), "inotify_init1": (294, 26), "inotify_rm_watch": (255, 28), "kill": (62, 129),
    "lchown": (94, None), "lgetxattr": (192, 9), "link": (86, None), "linkat": (265, 37), "listen": (50, 201),
    "listxattr": (194, 11), "llistxattr": (195, 12), "lremovexattr": (198, 15), "lseek": (8, 62),
    "lsetxattr": (189, 6), "lstat": (6, None), "membarrier": (324, 283), "mincore": (27, 232),
    "mkdir": (83, None), "mkdirat": (258, 34), "mknod": (133, None), "mknodat": (259, 33), "mlock": (149, 228),
    "mlock2": (325, 284), "mlockall": (151, 230), "mmap": (9, 222), "mprotect": (10, 226), "mremap": (25, 216),
    "mseal": (462, 462), "munlock": (150, 229), "munlockall": (152, 231), "munmap": (11, 215),
    "nanosleep": (35, 101), "newfstatat": (262, 79), "open": (2, None), "openat": (257, 56), "openat2": (437, 437),
    "pause": (34, None), "pidfd_open": (434, 434), "pidfd_send_signal": (424, 424), "pipe": (22, None),
    "pipe2": (293, 59), "pkey_alloc": (330, 289), "pkey_free": (331, 290), "pkey_mprotect": (329, 288),
    "poll": (7, None), "ppoll": (271, 73), "pread64": (17, 67), "preadv": (295, 69),
    "preadv2": (327, 286), "pselect6": (270, 72), "pwrite64": (18, 68), "pwritev": (296, 70),
    "pwritev2": (328, 287), "read": (0, 63), "readahead": (187, 213), "readlink": (89, None), "readlinkat": (267, 78),
    "readv": (19, 65), "recvfrom": (45, 207), "recvmmsg": (299, 243), "recvmsg": (47, 212), "removexattr": (197, 14),
    "rename": (82, None), "renameat": (264, 38), "renameat2": (316, 276), "restart_syscall": (219, 128),
    "rmdir": (84, None), "rseq": (334, 293), "rt_sigaction": (13, 134), "rt_sigpending": (127, 136),
    "rt_sigprocmask": (14, 135), "rt_sigqueueinfo": (129, 138), "rt_sigreturn": (15, 139),
    "rt_sigsuspend": (130, 133), "rt_sigtimedwait": (128, 137), "rt_tgsigqueueinfo": (297, 240),
    "sched_get_priority_max": (146, 125), "sched_get_priority_min": (147, 126), "sched_getaffinity": (204, 123),
    "sched_getattr": (315, 275), "sched_getparam": (143, 121), "sched_getscheduler": (145, 120),
    "sched_rr_get_interval": (148, 127), "sched_yield": (24, 124), "select": (23, None),
    "sendfile": (40, 71), "sendmmsg": (307, 269), "sendmsg": (46, 211), "sendto": (44, 206),
    "set_robust_list": (273, 99), "set_tid_address": (218, 96), "setitimer": (38, 103), "setpgid": (109, 154),
    "setrlimit": (160, 164), "setsid": (112, 157),
    "setxattr": (188, 5), "shutdown": (48, 210), "sigaltstack": (131, 132), "signalfd": (282, None),
    "signalfd4": (289, 74), "socketpair": (53, 199), "splice": (275, 76), "stat": (4, None), "statfs": (137, 43),
    "statx": (332, 291), "symlink": (88, None), "symlinkat": (266, 36),
    "sysinfo": (99, 179), "tee": (276, 77), "tgkill": (234, 131), "time": (201, None),
    "timer_create": (222, 107), "timer_delete": (226, 111), "timer_getoverrun": (225, 109),
    "timer_gettime": (224, 108), "timer_settime": (223, 110), "timerfd_create": (283, 85),
    "timerfd_gettime": (287, 87), "timerfd_settime": (286, 86), "times": (100, 153), "tkill": (200, 130),
    "truncate": (76, 45), "umask": (95, 166), "uname": (63, 160), "unlink": (87, None), "unlinkat": (263, 35),
    "utime": (132, None), "utimensat": (280, 88), "utimes": (235, None), "vfork": (58, None), "vmsplice": (278, 75),
    "wait4": (61, 260), "waitid": (247, 95), "write": (1, 64), "writev": (20, 66),
}  # fmt: skip

# Calls that succeed without an effect. A session's files need not survive the machine, and its disk serves others too;
# the last one is advice.
IGNORED: dict[str, tuple[int, int]] = {
    "fdatasync": (75, 83), "fsync": (74, 82), "sync": (162, 81), "sync_file_range": (277, 84), "syncfs": (306, 267),
    "fadvise64": (221, 223),
}  # fmt: skip

# Calls whose arguments decide: see `_rules`.
CHECKED: dict[str, tuple[int, int]] = {
    "clone": (56, 220), "clone3": (435, 435), "fcntl": (72, 25), "ioctl": (16, 29), "madvise": (28, 233),
    "msync": (26, 227), "prctl": (157, 167), "prlimit64": (302, 261), "sched_setaffinity": (203, 122),
    "sched_setattr": (314, 274), "sched_setparam": (142, 118), "sched_setscheduler": (144, 119),
    "setpriority": (141, 140), "setsockopt": (54, 208), "socket": (41, 198),
}  # fmt: skip

_ARCHITECTURES = {"x86_64": (0xC000_003E, 0), "aarch64": (0xC000_00B7, 1)}

AF_UNIX, AF_INET, AF_INET6 = 1, 2, 10
_NEW_NAMESPACES = 0x7E02_0080  # every CLONE_NEW*, in the flags of clone
_TERMINAL_INJECTION = (0x5412, 0x541C)  # TIOCSTI and TIOCLINUX type into another terminal
_SOL_SOCKET, _BUFFER_SIZES = 1, (7, 8, 32, 33)  # SO_SNDBUF, SO_RCVBUF and their FORCE forms
_F_SETPIPE_SZ, _F_OFD_LOCKS = 1031, (37, 38)
_PR_SCHED_CORE, _PR_SET_MEMORY_MERGE, _MADV_MERGEABLE = 62, 67, 12
_MS_SYNC, _PRIO_USER = 4, 2
_X32 = 0x4000_0000

_PR_SET_NO_NEW_PRIVS, _PR_SET_SECCOMP, _SECCOMP_MODE_FILTER = 38, 22, 2
_LOAD, _EQUAL, _ANY_OF, _AT_LEAST, _RETURN = 0x20, 0x15, 0x45, 0x35, 0x06
_ALLOW, _KILL, _ERROR = 0x7FFF_0000, 0x8000_0000, 0x0005_0000
# Offsets in struct seccomp_data, for arguments of their low words.
_NUMBER, _ARCHITECTURE, _ARGUMENT_0, _ARGUMENT_1, _ARGUMENT_2, _HIGH_WORD = 0, 4, 16, 24, 32, 4

_libc = ctypes.CDLL(None, use_errno=True)


class Unsupported(OSError):
    """There is no filter for this processor, or the kernel does not support filters."""


def program(
    machine: str, families: tuple[int, ...], without: tuple[str, ...] = (), *, protected: int | None = None
) -> bytes:
    """The filter for a processor. It allows only sockets of `families`, and none of the calls in `without`.

    Limits, priorities and processors can be changed for any process but `protected`, which is the pid of the session's
    init where a session sees only its own processes; without one, for the calling process only. Raises Unsupported.
    """
    if machine not in _ARCHITECTURES:
        raise Unsupported(errno.ENOSYS, f"no system call filter for {machine}")
    audit_number, column = _ARCHITECTURES[machine]
    lines = [
        _line(_LOAD, _ARCHITECTURE),
        _line(_EQUAL, audit_number, 1, 0),
        _line(_RETURN, _KILL),
        _line(_LOAD, _NUMBER),
        _line(_AT_LEAST, _X32, 0, 1),
        _line(_RETURN, _KILL),
    ]
    for name, rule in _rules(families, protected).items():
        lines += _when(CHECKED[name][column], [*rule, _line(_RETURN, _ALLOW)])
    for entry in IGNORED.values():
        lines += _when(entry[column], [_line(_RETURN, _ERROR | 0)])
    allowed = (entry[column] for name, entry in ALLOWED.items() if name not in without)
    for number in sorted({number for number in allowed if number is not None}):
        lines += _when(number, [_line(_RETURN, _ALLOW)])
    return b"".join([*lines, _line(_RETURN, _ERROR | errno.ENOSYS)])


def _rules(families: tuple[int, ...], protected: int | None) -> dict[str, list[bytes]]:
    """For each of CHECKED, the instructions that refuse some of its arguments; all others are allowed."""
    own = _line(_EQUAL, 0, 1, 0), _line(_RETURN, _ERROR | errno.EPERM)
    of_process = own if protected is None else tuple(_refused_when(_EQUAL, protected, errno.EPERM))
    new_limits = [
        line
        for word in (_ARGUMENT_2, _ARGUMENT_2 + _HIGH_WORD)
        for line in (_line(_LOAD, word), _line(_EQUAL, 0, 1, 0), _line(_RETURN, _ERROR | errno.EPERM))
    ]
    return {
        "clone": [_line(_LOAD, _ARGUMENT_0), *_refused_when(_ANY_OF, _NEW_NAMESPACES, errno.EPERM)],
        # Its flags are in memory, which a filter cannot read; programs fall back to clone.
        "clone3": [_line(_RETURN, _ERROR | errno.ENOSYS)],
        "ioctl": [
            _line(_LOAD, _ARGUMENT_1),
            *[line for request in _TERMINAL_INJECTION for line in _refused_when(_EQUAL, request, errno.EPERM)],
        ],
        # Large buffers are kernel memory that nothing counts: the calls succeed, and change nothing.
        "setsockopt": [
            _line(_LOAD, _ARGUMENT_1),
            _line(_EQUAL, _SOL_SOCKET, 1, 0),
            _line(_RETURN, _ALLOW),
            _line(_LOAD, _ARGUMENT_2),
            *[line for option in _BUFFER_SIZES for line in _refused_when(_EQUAL, option, 0)],
        ],
        # The locks of open files name no process, so the watchdog could not tell whose they are.
        "fcntl": [
            _line(_LOAD, _ARGUMENT_1),
            *_refused_when(_EQUAL, _F_SETPIPE_SZ, 0),
            *[line for command in _F_OFD_LOCKS for line in _refused_when(_EQUAL, command, errno.EINVAL)],
        ],
        "socket": [
            _line(_LOAD, _ARGUMENT_0),
            *[line for family in families for line in (_line(_EQUAL, family, 0, 1), _line(_RETURN, _ALLOW))],
            _line(_RETURN, _ERROR | errno.EAFNOSUPPORT),
        ],
        # Merged memory would show what other sessions have in theirs; scheduling together affects other processes.
        "madvise": [_line(_LOAD, _ARGUMENT_2), *_refused_when(_EQUAL, _MADV_MERGEABLE, errno.EINVAL)],
        "prctl": [
            _line(_LOAD, _ARGUMENT_0),
            *_refused_when(_EQUAL, _PR_SET_MEMORY_MERGE, errno.EINVAL),
            *_refused_when(_EQUAL, _PR_SCHED_CORE, errno.EINVAL),
        ],
        "msync": [_line(_LOAD, _ARGUMENT_2), *_refused_when(_ANY_OF, _MS_SYNC, 0)],
        # All processes of all sessions have the same user, who may change any of them.
        **{
            name: [_line(_LOAD, _ARGUMENT_0), *of_process]
            for name in ("sched_setaffinity", "sched_setattr", "sched_setparam", "sched_setscheduler")
        },
        "prlimit64": [
            _line(_LOAD, _ARGUMENT_0),
            *([_line(_EQUAL, 0, len(new_limits), 0), *new_limits] if protected is None else of_process),
        ],
        "setpriority": [
            _line(_LOAD, _ARGUMENT_0),
            *_refused_when(_EQUAL, _PRIO_USER, errno.EPERM),
            _line(_LOAD, _ARGUMENT_1),
            *of_process,
        ],
    }


def _line(code: int, value: int, when_true: int = 0, when_false: int = 0) -> bytes:
    """One instruction of classic BPF: struct sock_filter."""
    return struct.pack("HBBI", code, when_true, when_false, value)


def _when(number: int, lines: list[bytes]) -> list[bytes]:
    """`lines` for the call of that number, which must end in a return; other calls continue after them."""
    return [_line(_EQUAL, number, 0, len(lines)), *lines]


def _refused_when(test: int, value: int, error: int) -> list[bytes]:
    return [_line(test, value, 0, 1), _line(_RETURN, _ERROR | error)]


def load(filter_program: bytes) -> None:
    """Permanently applies the filter to this process and its children. Raises Unsupported."""

    class Program(ctypes.Structure):
        _fields_ = [("length", ctypes.c_ushort), ("lines", ctypes.c_char_p)]

    buffer = Program(len(filter_program) // 8, filter_program)
    zero, one = ctypes.c_ulong(0), ctypes.c_ulong(1)
    _libc.prctl(_PR_SET_NO_NEW_PRIVS, one, zero, zero, zero)
    if _libc.prctl(_PR_SET_SECCOMP, ctypes.c_ulong(_SECCOMP_MODE_FILTER), ctypes.byref(buffer), zero, zero):
        number = ctypes.get_errno()
        raise Unsupported(number, f"seccomp: {os.strerror(number)}")

"""Runs a module as if Python ran on another system, without the modules and functions that it lacks there.

    python as_another_system.py SYSTEM PYTHON -m MODULE [ARGUMENT...]

SYSTEM is the value of sys.platform: darwin or win32. PYTHON is a command equal to this one up to there, for the
processes that the module starts. What packages chose by the system when they were imported stays.
"""

import asyncio
import ctypes
import importlib
import os
import platform
import runpy
import signal
import socket
import subprocess
import sys

_OF_OTHERS = {
    "emulator.session_pool": (
        "cryptography.x509", "jwt", "multipart", "starlette.applications", "uvicorn.lifespan.on",
        "uvicorn.loops.asyncio", "uvicorn.loops.auto", "uvicorn.protocols.http.h11_impl",
    ),
    "emulator.session_pool.engines.portable.interpreter": (
        "IPython.core.completer", "ipykernel.debugger", "ipykernel.ipkernel", "ipykernel.zmqshell",
        "jupyter_client.session", "matplotlib.pyplot", "pandas",
        "tornado.ioloop",
    ),
}  # fmt: skip
# Neither macOS nor Windows has these, in any Python that the emulator takes.
_LINUX_ONLY = {
    os: (
        "O_PATH", "O_TMPFILE", "eventfd", "getresuid", "getxattr", "listxattr", "memfd_create", "pidfd_open", "pipe2",
        "removexattr", "sched_setaffinity", "setns", "setresgid", "setresuid", "setxattr", "splice", "unshare",
        "waitid",
    ),
    signal: ("pidfd_send_signal", "sigtimedwait", "sigwaitinfo"),
    socket: ("SOCK_CLOEXEC", "SOCK_SEQPACKET", "SO_PEERCRED"),
}  # fmt: skip
_NOT_ON_WINDOWS = {
    os: (
        "O_CLOEXEC", "O_DIRECTORY", "O_NOFOLLOW", "O_NONBLOCK", "chown", "closerange", "fchown", "fork", "forkpty",
        "getegid", "geteuid", "getgid", "getgroups", "getpgid", "getpgrp", "getpriority", "getuid", "killpg", "lchown",
        "mkfifo", "mknod", "nice", "pathconf", "set_blocking", "setgid", "setgroups", "setpgid", "setsid", "setuid",
        "statvfs", "wait",
    ),
    signal: (
        "SIGALRM", "SIGCHLD", "SIGHUP", "SIGKILL", "SIGPROF", "SIGUSR1", "SIGUSR2", "SIGVTALRM", "SIG_BLOCK",
        "SIG_SETMASK", "alarm", "pthread_kill", "pthread_sigmask", "setitimer", "siginterrupt",
    ),
    socket: ("AF_UNIX", "MSG_DONTWAIT", "SCM_RIGHTS", "SO_REUSEPORT", "recv_fds", "send_fds"),
}  # fmt: skip
_MODULES_NOT_ON_WINDOWS = ("fcntl", "grp", "pwd", "resource", "syslog", "termios")


def main() -> None:
    system, python, _, module, *arguments = sys.argv[1:]
    for name in _OF_OTHERS[module]:
        importlib.import_module(name)
    take_away(_LINUX_ONLY)
    if system == "win32":
        take_away(_NOT_ON_WINDOWS)
        sys.modules.update(dict.fromkeys(_MODULES_NOT_ON_WINDOWS))
        # The standard library has these in another form there, and would not find them here.
        subprocess.Popen.kill = lambda process: process.send_signal(9)
        socket.socketpair = connected_pair
        if module == "emulator.session_pool":
            asyncio.ProactorEventLoop = asyncio.SelectorEventLoop
    platform.mac_ver = lambda: ("10.0", ("", "", ""), "x86_64")  # ipykernel calls it on macOS
    ctypes.CDLL = no_library
    sys.platform, sys.executable = system, python
    sys.argv[1:], sys.path[0] = arguments, os.getcwd()
    runpy.run_module(module, run_name="__main__", alter_sys=True)


def take_away(names: dict[object, tuple[str, ...]]) -> None:
    for place, taken in names.items():
        for name in taken:
            if hasattr(place, name):
                delattr(place, name)


def no_library(name: object, *_: object, **__: object) -> None:
    raise OSError(f"no library {name} here")


def connected_pair() -> tuple[socket.socket, socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        one = socket.create_connection(listener.getsockname())
        other, _ = listener.accept()
    return one, other


if __name__ == "__main__":
    main()

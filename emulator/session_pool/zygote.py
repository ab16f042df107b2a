"""The process that sessions are forked from, with all that their interpreters need already imported.

    server -> zygote -> session init -> interpreter

The server starts it as a program of its own, with a clean environment (a fork would carry the server's memory, and its
environment stays readable in /proc). For each session it forks an *init*, which makes the session's folders, forks the
interpreter, and reaps whatever user code leaves behind; it runs no user code itself. When the interpreter ends, init
ends what it left running and can fork a new one beside the same files. A session may have several interpreters, each
with a name. Each of the three ends when the one before it does, also when that was killed.

What an interpreter does is the business of the module that is named at the start: its `Program` is made once, before
the forks, and serves one interpreter's requests after each.

Usage: python -m emulator.session_pool.zygote FD ISOLATION DATA_BYTES MODULE
"""

import contextlib
import gc
import importlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import traceback
from typing import Any, NoReturn

from . import confinement

ENVIRONMENT = {
    "PATH": "/usr/local/bin:/usr/bin:/bin",
    "LANG": "C.UTF-8",
    "MPLBACKEND": "module://matplotlib_inline.backend_inline",
    "MPLCONFIGDIR": "/tmp/.matplotlib",
    "IPYTHONDIR": "/tmp/.ipython",
    "XDG_CACHE_HOME": "/tmp/.cache",
    # OpenBLAS would start threads at import, and a process with threads cannot be forked safely.
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
}


def send(connection: socket.socket, message: dict[str, Any], fds: tuple[int, ...] = ()) -> None:
    socket.send_fds(connection, [json.dumps(message).encode()], list(fds))


def receive(connection: socket.socket) -> tuple[dict[str, Any] | None, list[int]]:
    """The next message, or None when the other side has ended."""
    data, fds, _, _ = socket.recv_fds(connection, 1 << 16, 8)
    for fd in fds:
        os.set_inheritable(fd, False)
    return (json.loads(data) if data else None), fds


def main() -> NoReturn:
    server = socket.socket(fileno=int(sys.argv[1]))
    server.set_inheritable(False)
    namespaces, data_bytes, module = sys.argv[2] == "namespaces", int(sys.argv[3]), sys.argv[4]
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the server, which ends this by hanging up
    try:
        folders = NamespaceFolders(data_bytes, server) if namespaces else SharedFolders()
    except OSError as refusal:
        send(server, {"event": "refused", "why": str(refusal)})
        sys.exit(1)
    program = importlib.import_module(f"{__package__}.{module}").Program()
    gc.collect()
    gc.freeze()  # the collector would touch, and so copy, every shared page in every session
    send(server, {"event": "ready"})
    _fork_sessions(server, folders, program)


def _python_prefixes() -> list[str]:
    """The folders from which this process imports, which sessions must see: Python, its packages, and this one.

    Not all that lies beside this package: settings with secrets in them may.
    """
    own = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    named = {sys.prefix, sys.base_prefix, own}
    return sorted(named | {os.path.realpath(folder) for folder in named})


class NamespaceFolders:
    """Where the kernel gives each session its own file system and processes."""

    def __init__(self, data_bytes: int, server: socket.socket) -> None:
        """Moves this process there too, as pid 1. Raises OSError where the kernel allows less than all of it."""
        self._data_bytes = data_bytes
        self._python_prefixes = _python_prefixes()
        swapped = confinement.enter_namespaces(self._python_prefixes)
        pid = os.fork()  # the first child is pid 1 of the new process table
        if pid:
            server.close()
            os.waitpid(pid, 0)
            os._exit(0)
        confinement.settle(self._python_prefixes, swapped=swapped)
        self._own_pid_namespace = os.open("/proc/self/ns/pid", os.O_RDONLY | os.O_CLOEXEC)
        self._try()

    def _try(self) -> None:
        """Only a trial tells what the kernel, a container around it and its security modules allow together."""
        pid = self.fork_init()
        if pid == 0:
            try:
                self.make()
                self.enter()
            except OSError as refusal:
                os._exit(refusal.errno or 255)
            os._exit(0)
        if error := os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]):
            raise OSError(error, os.strerror(error))

    def fork_init(self) -> int:
        confinement.new_process_table()
        pid = -1
        try:
            pid = os.fork()
        finally:
            if pid:
                confinement.return_to_process_table(self._own_pid_namespace)
        return pid

    def make(self) -> str:
        """In a session's init: makes its folders and returns the path of its data folder."""
        confinement.new_file_systems()
        confinement.mount_session_folders(self._data_bytes, self._python_prefixes)
        confinement.deny_proc_access()
        return confinement.DATA

    def enter(self) -> None:
        """In an interpreter: the last step before user code."""
        confinement.drop_capabilities()
        confinement.allow_proc_access()
        os.environ.update(HOME=confinement.HOME)
        os.chdir(confinement.HOME)

    def kill_all(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(-1, signal.SIGKILL)  # everything in this pid namespace but its init

    def remove(self) -> None:
        """A session's folders and processes go with their namespaces."""

    remove_all = remove


class SharedFolders:
    """Where the kernel forbids namespaces: a temporary folder for each session, which Python code sees as /mnt/data."""

    def __init__(self) -> None:
        if os.getuid() == 0:
            confinement.become_session_user()
            if not os.access(os.__file__, os.R_OK):
                raise PermissionError("an ordinary user cannot read this Python installation; do not run this as root")
        self._pool_folder = tempfile.mkdtemp(prefix="session-pool-")
        self._folder = ""
        os.environ["MPLCONFIGDIR"] = self._pool_folder

    def fork_init(self) -> int:
        return os.fork()

    def make(self) -> str:
        confinement.adopt_orphans()
        self._folder = tempfile.mkdtemp(dir=self._pool_folder)
        for name in ("data", "home"):
            os.mkdir(os.path.join(self._folder, name))
        return os.path.join(self._folder, "data")

    def enter(self) -> None:
        from . import data_paths

        home = os.path.join(self._folder, "home")
        os.environ.update(HOME=home, TMPDIR=home)
        os.chdir(home)
        data_paths.redirect(confinement.DATA, os.path.join(self._folder, "data"))

    def kill_all(self) -> None:
        _kill_children_but(set())

    def remove(self) -> None:
        _remove(self._folder)

    def remove_all(self) -> None:
        _remove(self._pool_folder)


def _remove(folder: str) -> None:
    """Code may have made folders deeper than Python can recurse, and closed them."""
    for program in (["chmod", "-R", "u+rwX"], ["rm", "-rf"]):
        subprocess.run([*program, "--", folder], stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)


def _kill_children_but(living: set[int]) -> None:
    """Ends every child of this process that is not among `living`, and what those leave behind when they end.

    To a session's init come all processes whose parent has ended.
    """
    while children := _children() - living:
        for pid in children:
            with contextlib.suppress(ProcessLookupError, ChildProcessError):
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)


def _children() -> set[int]:
    with open(f"/proc/{os.getpid()}/task/{os.getpid()}/children") as children:
        return {int(child) for child in children.read().split()}


def _fork_sessions(server: socket.socket, folders: NamespaceFolders | SharedFolders, program: Any) -> NoReturn:
    """Forks an init for each request of the server, whose end of the init's control socket comes along."""
    signal.signal(signal.SIGCHLD, lambda *_: _reap())
    while True:
        message, fds = receive(server)
        if message is None:
            _end_with_children(folders)
        (control_fd,) = fds
        try:
            if folders.fork_init() == 0:
                server.close()
                _session_init(socket.socket(fileno=control_fd), folders, program)
        except OSError:
            pass  # no more processes may be had: the server sees that its end of the socket closes
        os.close(control_fd)


def _end_with_children(folders: NamespaceFolders | SharedFolders) -> NoReturn:
    """Every init has seen its control socket close, and is ending; in namespaces, stragglers end with this process."""
    signal.signal(signal.SIGALRM, lambda *_: os._exit(0))
    signal.alarm(2)
    try:
        while True:
            os.wait()
    except ChildProcessError:
        pass
    folders.remove_all()
    os._exit(0)


def _reap() -> list[tuple[int, int]]:
    """The pid and wait status of each child that has ended."""
    ended = []
    try:
        while (child := os.waitpid(-1, os.WNOHANG))[0]:
            ended.append(child)
    except ChildProcessError:
        pass
    return ended


def _session_init(control: socket.socket, folders: NamespaceFolders | SharedFolders, program: Any) -> NoReturn:
    try:
        os.setsid()
        data_fd = os.open(folders.make(), os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        send(control, {"event": "made"}, (data_fd,))
        os.close(data_fd)
        _keep_interpreters(control, folders, program)
    except BaseException:
        send(control, {"event": "failed", "why": traceback.format_exc(limit=-3)})
    finally:
        folders.kill_all()
        folders.remove()
        os._exit(0)


def _keep_interpreters(control: socket.socket, folders: NamespaceFolders | SharedFolders, program: Any) -> None:
    """Starts, interrupts and kills interpreters as the server says, and tells it when and how each ended."""
    wake, woken = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    signal.set_wakeup_fd(woken, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    pids: dict[str, int] = {}
    sources: list[socket.socket | int] = [control, wake]
    while True:
        readable, _, _ = select.select(sources, [], [])
        if wake in readable:
            os.read(wake, 4096)
            ended = dict(_reap())
            for name in [name for name, pid in pids.items() if pid in ended]:
                status = ended[pids.pop(name)]
                if pids:
                    _kill_children_but(set(pids.values()))
                else:
                    folders.kill_all()
                send(control, {"event": "ended", "name": name, "status": os.waitstatus_to_exitcode(status)})
        if control in readable:
            message, fds = receive(control)
            if message is None:
                return
            name = message["name"]
            if message["do"] == "start":
                pids[name] = os.fork()
                if pids[name] == 0:
                    control.close()
                    _interpreter(fds, folders, program)
                for fd in fds:
                    os.close(fd)
            elif name in pids and message["do"] == "interrupt":
                # Its group, as Jupyter does: os.system waits for a program and takes no notice of interrupts itself.
                with contextlib.suppress(ProcessLookupError):  # too early: it has no group yet
                    os.killpg(pids[name], signal.SIGINT)
            elif name in pids:
                os.kill(pids[name], signal.SIGKILL)


def _interpreter(fds: list[int], folders: NamespaceFolders | SharedFolders, program: Any) -> NoReturn:
    try:
        connection_fd, stdout_fd, stderr_fd = fds
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.setsid()
        os.dup2(stdout_fd, 1)
        os.dup2(stderr_fd, 2)
        # Nothing of the zygote's or the init's stays open: not their sockets, not another session's folder.
        os.closerange(3, connection_fd)
        os.closerange(connection_fd + 1, 4096)
        folders.enter()
        program.serve(socket.socket(fileno=connection_fd))
    except BaseException:
        os.write(2, traceback.format_exc().encode())
    finally:
        os._exit(0)


if __name__ == "__main__":
    main()

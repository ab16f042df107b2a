"""What isolates a session from everything else, at each level that Linux offers.

Level 3: separate namespaces for everything and a read-only root that shows only what Python needs; as a second line
of defense landlock, an allowlist of system calls, no capabilities, and limits. Level 2, for kernels that allow no
namespaces: landlock, the same allowlist, and limits. docs/isolation.md
describes what each level prevents, and what not.

The supervisor creates the level and calls `fork_init`; a session's init calls `make`, the zygote `fork_interpreter`,
and an interpreter `join` and then `enter`.
"""

import contextlib
import os
import platform
import resource
import signal
import socket
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from ..shared.data_rules import DATA
from ..shared.limits import Limits
from ..shared.removal import remove
from . import confinement, landlock, leftovers, seccomp

# Lower than the usual limit: the kernel counts the descriptors in flight in messages for each user, and compares that
# with the sender's own limit. So other programs of the user can still send some, however many a session sends.
_OPEN_FILES = 768
_LOCKED_BYTES = 16 << 20
_INIT = 1  # a session's, in its process table
_RLIMIT_SIGPENDING = 11  # the same on every processor; Python has no name for it
_PENDING_SIGNALS = 1024  # and timers
_NICENESS = 5  # the server, and other programs of the machine, come first

_DEVICES = ("null", "zero", "full", "random", "urandom", "tty", "ptmx", "pts", "shm")


class Level3:
    """Namespaces, landlock, system call filter and limits."""

    has_namespaces = True

    def __init__(self, limits: Limits, server: socket.socket) -> None:
        """Moves this process into namespaces, as pid 1. Raises OSError if the machine does not support all of it."""
        self.limits = limits
        self._filter = _system_call_filter(seccomp.AF_UNIX, seccomp.AF_INET, seccomp.AF_INET6, protected=_INIT)
        self._python_prefixes = _python_prefixes()
        replaced = confinement.enter_namespaces(self._python_prefixes, network=limits.network)
        pid = os.fork()  # the first child is pid 1 of the new process table
        if pid:
            server.close()
            os.waitpid(pid, 0)
            os._exit(0)
        confinement.settle(self._python_prefixes, replaced=replaced, network=limits.network)
        (self._own_process_table,) = self.process_table()
        self._users = -1
        _try(self.fork_init, self.make, self._join_users, self.enter)

    def fork_init(self) -> int:
        """As os.fork. Raises OSError if no process can be created."""
        confinement.new_process_table()
        return self._fork()

    def fork_interpreter(self, process_table: list[int]) -> int:
        """As os.fork; the child is in the session's process table. Raises OSError, such as if the session has ended."""
        confinement.use_process_table(*process_table)
        return self._fork()

    def _fork(self) -> int:
        pid = -1
        try:
            pid = os.fork()
        finally:
            if pid:
                confinement.use_process_table(self._own_process_table)
        return pid

    def process_table(self) -> list[int]:
        """What `fork_interpreter` needs of a session's init."""
        return [_namespace("pid")]

    def make(self) -> str:
        """In a session's init: creates its namespaces and folders, and returns the path of its data folder."""
        confinement.new_session_namespaces(network=self.limits.network)
        confinement.mount_session_folders(self.limits.data_bytes, self._python_prefixes)
        self._users = confinement.new_users()
        confinement.deny_proc_access()
        confinement.drop_capabilities(keep={confinement.CAP_SYS_PTRACE})  # to see what its processes use
        return DATA

    def entrance(self) -> tuple[dict[str, str], list[int]]:
        """In a session's init, after `make`: the message and descriptors that an interpreter needs to join it."""
        names = ["mnt", "ipc", "uts", "cgroup"] + ([] if self.limits.network else ["net"])
        return {}, [self._users, *map(_namespace, names)]

    def join(self, _: dict[str, str], namespaces: list[int]) -> None:
        self._users, *others = namespaces
        for namespace in others:
            confinement.join_namespace(namespace)
        self._join_users()  # at last, because it takes the right to join others

    def _join_users(self) -> None:
        confinement.join_namespace(self._users)
        confinement.allow_proc_access()  # which the change of rights has taken

    def enter(self) -> None:
        """In an interpreter: the last step before user code."""
        os.environ.update(HOME=confinement.HOME)
        os.chdir(confinement.HOME)
        _set_limits(self.limits)
        # Counted in the session's user namespace, for all its interpreters and what they have left behind.
        _limit(resource.RLIMIT_NPROC, self.limits.processes)
        _limit(_RLIMIT_SIGPENDING, _PENDING_SIGNALS)
        confinement.drop_capabilities()
        writable = [DATA, confinement.HOME, "/tmp", *(f"/dev/{name}" for name in _DEVICES)]
        landlock.restrict(["/"], writable, tcp=True)
        seccomp.load(self._filter)

    def processes(self) -> list[int]:
        """In init: all processes of the session but itself."""
        own = os.getpid()
        return [pid for name in os.listdir("/proc") if name.isdigit() and (pid := int(name)) != own]

    def kill_all(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(-1, signal.SIGKILL)  # everything in this pid namespace except its init

    def remove(self) -> None:
        """A session's folders and processes are removed with their namespaces."""

    remove_all = remove


class Level2:
    """A temporary folder for each session, which Python code sees as /mnt/data, protected by landlock."""

    has_namespaces = False

    def __init__(self, limits: Limits, server: socket.socket) -> None:
        """Raises OSError if the machine does not support all of it."""
        self.limits = limits
        families = (seccomp.AF_INET, seccomp.AF_INET6) if limits.network else ()
        # A user has few inotify instances, and without a namespace they cannot be divided between sessions.
        self._filter = _system_call_filter(seccomp.AF_UNIX, *families, without=("inotify_init", "inotify_init1"))
        self._python_prefixes = _python_prefixes()
        if os.getuid() == 0:
            confinement.become_session_user()
            if not os.access(os.__file__, os.R_OK):
                raise PermissionError("an ordinary user cannot read this Python installation; do not run this as root")
        self._pool_folder = tempfile.mkdtemp(prefix="session-pool-")
        self._held = leftovers.remove_when_released(self._pool_folder)
        self._folder = self._pool_folder
        os.environ["MPLCONFIGDIR"] = self._pool_folder
        try:
            _try(os.fork, self._confine)
        except OSError:
            self.remove_all()
            raise

    def fork_init(self) -> int:
        return os.fork()

    def fork_interpreter(self, _: list[int]) -> int:
        return os.fork()

    def process_table(self) -> list[int]:
        return []

    def make(self) -> str:
        confinement.adopt_orphans()
        confinement.deny_proc_access()
        self._folder = tempfile.mkdtemp(dir=self._pool_folder)
        for name in ("data", "home", "tmp"):
            os.mkdir(os.path.join(self._folder, name))
        return os.path.join(self._folder, "data")

    def entrance(self) -> tuple[dict[str, str], list[int]]:
        return {"folder": self._folder}, []

    def join(self, entrance: dict[str, str], _: list[int]) -> None:
        self._folder = entrance["folder"]

    def enter(self) -> None:
        from ..shared import data_paths

        home, temporary = (os.path.join(self._folder, name) for name in ("home", "tmp"))
        os.environ.update(HOME=home, TMPDIR=temporary)
        for name, folder in (("MPLCONFIGDIR", ".matplotlib"), ("IPYTHONDIR", ".ipython"), ("XDG_CACHE_HOME", ".cache")):
            os.environ[name] = os.path.join(temporary, folder)  # in the other level, /tmp is the session's own
        tempfile.tempdir = None  # Python caches the machine's
        os.chdir(home)
        confinement.allow_proc_access()
        data_paths.redirect(DATA, os.path.join(self._folder, "data"))
        self._confine()

    def _confine(self) -> None:
        _set_limits(self.limits)
        _limit(resource.RLIMIT_FSIZE, self.limits.data_bytes)  # the session has no separate file system to limit
        confinement.drop_capabilities()
        readable = [
            *self._python_prefixes,
            *confinement.SYSTEM_FOLDERS,
            *confinement.SYSTEM_FILES,
            *("/etc/passwd", "/etc/group", "/etc/hosts", "/etc/nsswitch.conf"),
            *("/etc/os-release", "/etc/debian_version"),  # pip reads them, and fails if it may not
            *(["/etc/resolv.conf"] if self.limits.network else []),
            *(
                f"/proc/{name}"
                for name in ("cpuinfo", "filesystems", "loadavg", "meminfo", "stat", "uptime", "version")
            ),
            "/sys/devices/system/cpu",
            f"/proc/{os.getpid()}",
        ]
        devices = [f"/dev/{name}" for name in _DEVICES if name not in ("shm", "pts")]
        landlock.restrict(readable, [self._folder, *devices], tcp=self.limits.network)
        seccomp.load(self._filter)

    def processes(self) -> list[int]:
        """In init: all its descendants."""
        found: list[int] = []
        todo = [os.getpid()]
        while todo:
            below = confinement.children(todo.pop())
            found += below
            todo += below
        return found

    def kill_all(self) -> None:
        confinement.kill_children()

    def remove(self) -> None:
        remove(Path(self._folder))

    def remove_all(self) -> None:
        remove(Path(self._pool_folder))


Level = Level3 | Level2
LEVELS: dict[int, type[Level3] | type[Level2]] = {3: Level3, 2: Level2}


def _try(fork: Callable[[], int], *steps: Callable[[], object]) -> None:
    """Executes the steps in a separate process. Raises OSError if one fails.

    Only a trial shows what the kernel, its security modules and a container allow together.
    """
    pid = fork()
    if pid == 0:
        try:
            for step in steps:
                step()
        except OSError as refusal:
            os._exit(refusal.errno or 255)
        os._exit(0)
    if error := os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]):
        raise OSError(error, os.strerror(error))


def _namespace(name: str) -> int:
    return os.open(f"/proc/self/ns/{name}", os.O_RDONLY | os.O_CLOEXEC)


def _system_call_filter(*families: int, without: tuple[str, ...] = (), protected: int | None = None) -> bytes:
    if not landlock.version():
        raise OSError("the kernel has no landlock")
    return seccomp.program(platform.machine(), families, without, protected=protected)


def _set_limits(limits: Limits) -> None:
    """For each process. What all processes of a session use together is limited by the watchdog."""
    mapped = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    for limit, value in (
        (resource.RLIMIT_AS, mapped + 2 * limits.memory_bytes),  # libraries reserve more than they use
        (resource.RLIMIT_DATA, mapped + limits.memory_bytes),
        (resource.RLIMIT_NOFILE, _OPEN_FILES),
        (resource.RLIMIT_MEMLOCK, _LOCKED_BYTES),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_MSGQUEUE, 0),
    ):
        _limit(limit, value)
    os.setpriority(os.PRIO_PROCESS, 0, max(os.getpriority(os.PRIO_PROCESS, 0), _NICENESS))


def _limit(limit: int, value: int) -> None:
    hard = resource.getrlimit(limit)[1]
    allowed = value if hard == resource.RLIM_INFINITY else min(value, hard)
    resource.setrlimit(limit, (allowed, allowed))


def _python_prefixes() -> list[str]:
    """The folders from which this process imports, which sessions must see: Python, its packages, and this package.

    Not the folder around it, which may contain settings with secrets.
    """
    own = str(Path(os.path.abspath(__file__)).parents[3])
    named = {sys.prefix, sys.base_prefix, own}
    return sorted(named | {os.path.realpath(folder) for folder in named})

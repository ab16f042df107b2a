"""Linux namespaces, mounts and capabilities: what a session's code sees of the machine.

Independent of sessions and Python code; `isolation.py` calls these functions in order. They give a session its own
users, process table, file system, network and names; landlock.py and seccomp.py are a second line of defense.

Works for an ordinary user through a user namespace. Root builds the root file system with its own rights (the Python
installation may be in folders that only root can read) and then becomes `SESSION_UID` for good.
"""

import contextlib
import ctypes
import fcntl
import os
import signal
import socket
import struct
from pathlib import Path

from ..shared.data_rules import DATA

SESSION_UID = 61_998  # what root drops to; not an account, so that no other user owns processes or files with it
INNER_UID = 1000  # how that user, or the ordinary user who started the pool, appears inside a session
HOME = "/home/session"
TEMPORARY_BYTES = 512 << 20  # of /tmp, the home folder and /dev/shm, each

SYSTEM_FOLDERS = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64")
SYSTEM_FILES = (
    "/etc/fonts",
    "/etc/ssl",
    "/etc/alternatives",
    "/etc/ld.so.cache",
    "/etc/localtime",
    "/etc/mime.types",
)
CAP_SYS_PTRACE = 19

_CLONE_NEWNS, _CLONE_NEWUSER, _CLONE_NEWPID = 0x0002_0000, 0x1000_0000, 0x2000_0000
_CLONE_NEWCGROUP, _CLONE_NEWUTS, _CLONE_NEWIPC, _CLONE_NEWNET = 0x0200_0000, 0x0400_0000, 0x0800_0000, 0x4000_0000
_MS_RDONLY, _MS_NOSUID, _MS_NODEV, _MS_NOEXEC, _MS_REMOUNT, _MS_BIND = 1, 2, 4, 8, 32, 4096
_MS_REC, _MS_PRIVATE = 1 << 14, 1 << 18
_MNT_DETACH = 2
_PR_SET_DUMPABLE, _PR_CAPBSET_DROP, _PR_SET_CHILD_SUBREAPER, _PR_SET_NO_NEW_PRIVS = 4, 24, 36, 38
_SIOCSIFFLAGS, _IFF_UP, _IFF_RUNNING = 0x8914, 0x1, 0x40
_INODES = "nr_inodes=200k"  # each takes about a kilobyte of the machine's memory
_SYS_PIVOT_ROOT = {"x86_64": 155, "aarch64": 41}
# One session's share of what the kernel counts for each user, who usually has 128 inotify instances.
_ALLOWANCES = {"max_inotify_instances": 16, "max_inotify_watches": 8192, "max_user_namespaces": 0}
_TERMINALS = 64  # a session's, of usually 3,072 that all of the machine's namespaces have together
_LAST_CAPABILITY = 40  # CAP_CHECKPOINT_RESTORE, Linux 5.9

_libc = ctypes.CDLL(None, use_errno=True)


def become_session_user() -> None:
    """Permanently gives up root. Call as root only."""
    os.setgroups([])
    os.setresgid(SESSION_UID, SESSION_UID, SESSION_UID)
    os.setresuid(SESSION_UID, SESSION_UID, SESSION_UID)
    allow_proc_access()  # a process that changed its user may not access /proc/self, which contains the id maps


def allow_proc_access() -> None:
    _prctl(_PR_SET_DUMPABLE, 1)


def deny_proc_access() -> None:
    """Other processes of the same user can neither trace this one nor read its memory."""
    _prctl(_PR_SET_DUMPABLE, 0)


def adopt_orphans() -> None:
    """Descendants whose parent ends become children of this process, so that none is orphaned."""
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)


def children(pid: int) -> list[int]:
    """Empty if the process has ended."""
    try:
        with open(f"/proc/{pid}/task/{pid}/children") as file:
            return [int(child) for child in file.read().split()]
    except OSError:
        return []


def kill_children() -> None:
    """Kills every child of this process, and the orphans that they leave, which become its children."""
    while ending := children(os.getpid()):
        for pid in ending:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        for pid in ending:
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, 0)


def drop_capabilities(keep: frozenset[int] | set[int] = frozenset()) -> None:
    """Drops the capabilities that a user namespace gave, also across exec, except those in `keep`."""
    for capability in set(range(_LAST_CAPABILITY + 1)) - keep:
        _libc.prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0)  # an older kernel has fewer: EINVAL is fine
    header = struct.pack("II", 0x2008_0522, 0)  # _LINUX_CAPABILITY_VERSION_3, this process
    low = sum(1 << capability for capability in keep)
    # Effective and permitted; nothing is inherited.
    _checked(_libc.capset(header, struct.pack("IIIIII", low, low, 0, 0, 0, 0)), "capset")
    _prctl(_PR_SET_NO_NEW_PRIVS, 1)


def new_users() -> int:
    """A nested user namespace, as a descriptor: whoever joins it has no rights outside.

    What the kernel counts for each user, processes among it, it also counts for each user namespace: all processes in
    it together have the allowances, and the limits that each of them has. Call with /proc access allowed, for the id
    maps.
    """
    uid, gid = os.getuid(), os.getgid()
    pid = os.fork()
    if pid == 0:
        error = 0
        try:
            _unshare(_CLONE_NEWUSER)
            _map_users(uid, gid)
            for name, allowed in _ALLOWANCES.items():
                Path("/proc/sys/user", name).write_text(str(allowed))
            os.kill(os.getpid(), signal.SIGSTOP)  # until this process's namespace has been opened
        except OSError as refusal:
            error = refusal.errno or 255
        finally:
            os._exit(error)
    _, status = os.waitpid(pid, os.WUNTRACED)
    if not os.WIFSTOPPED(status):
        error = os.waitstatus_to_exitcode(status)
        raise OSError(error, f"a user namespace: {os.strerror(error)}")
    try:
        return os.open(f"/proc/{pid}/ns/user", os.O_RDONLY | os.O_CLOEXEC)
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


def _map_users(uid: int, gid: int) -> None:
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{INNER_UID} {uid} 1")
    Path("/proc/self/gid_map").write_text(f"{INNER_UID} {gid} 1")


def enter_namespaces(python_prefixes: list[str], *, network: bool) -> bool:
    """Moves this process into new namespaces; its next child is pid 1 of a new process table.

    True if the file system has been replaced already. Raises OSError if the kernel does not allow it.
    """
    uid, gid = os.getuid(), os.getgid()  # a new user namespace has neither until they are mapped
    is_root = uid == 0
    if is_root:
        _unshare(_CLONE_NEWNS)
        _build_root(python_prefixes, network=network)
        become_session_user()
        uid = gid = SESSION_UID
    _unshare(_CLONE_NEWUSER | _CLONE_NEWNS | _CLONE_NEWPID)
    _map_users(uid, gid)
    return is_root


def settle(python_prefixes: list[str], *, replaced: bool, network: bool) -> None:
    """In the first child after `enter_namespaces`: gives it a file system that holds only what Python needs."""
    if not replaced:
        _build_root(
            python_prefixes, network=network
        )  # an ordinary user may mount /proc only from inside the new process table
    mount_process_table()


def new_process_table() -> None:
    """The next child is pid 1 of a new process table."""
    _unshare(_CLONE_NEWPID)


def use_process_table(namespace_fd: int) -> None:
    """The next children belong to the process table that `namespace_fd` refers to."""
    _checked(_libc.setns(namespace_fd, _CLONE_NEWPID), "setns")


def join_namespace(namespace_fd: int) -> None:
    """Moves this process into a namespace of another."""
    _checked(_libc.setns(namespace_fd, 0), "setns")


def new_session_namespaces(*, network: bool) -> None:
    """Gives this process its own mounts, names and, unless `network`, its own network."""
    _unshare(_CLONE_NEWNS | _CLONE_NEWIPC | _CLONE_NEWUTS | _CLONE_NEWCGROUP | (0 if network else _CLONE_NEWNET))
    socket.sethostname("session")
    if not network:
        _start_loopback()


def _start_loopback() -> None:
    """The session's own 127.0.0.1, for programs that talk to themselves."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, _SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", _IFF_UP | _IFF_RUNNING))


def _unshare(flags: int) -> None:
    _checked(_libc.unshare(flags), "unshare")


def _build_root(python_prefixes: list[str], *, network: bool) -> None:
    """Replaces the file system by one that holds the system's programs, Python, and no personal files."""
    _mount("none", "/", flags=_MS_REC | _MS_PRIVATE)
    # Any folder that is not to be shown itself: only this process sees the mount over it.
    root = next(
        folder
        for folder in ("/mnt", "/srv", "/media", "/opt", "/run", "/tmp")
        if os.path.isdir(folder) and not any(_is_below(prefix, folder) for prefix in python_prefixes)
    )
    _mount("tmpfs", root, "tmpfs", _MS_NOSUID | _MS_NODEV, "size=16m,mode=755")
    os.mkdir(f"{root}/tmp")
    _mount("tmpfs", f"{root}/tmp", "tmpfs", _MS_NOSUID | _MS_NODEV, "size=64m,mode=1777")
    for path in (*SYSTEM_FOLDERS, *python_prefixes, *SYSTEM_FILES, *(["/etc/resolv.conf"] if network else [])):
        _show(path, root)
    for name in ("null", "zero", "full", "random", "urandom", "tty"):
        _show(f"/dev/{name}", root, device=True)
    for name, text in _ACCOUNTS.items():
        Path(root, "etc", name).write_text(text)
    for folder in ("proc", "old", "dev/shm", "dev/pts", DATA[1:], HOME[1:]):
        os.makedirs(f"{root}/{folder}", exist_ok=True)
    os.symlink("pts/ptmx", f"{root}/dev/ptmx")
    os.symlink("/proc/self/fd", f"{root}/dev/fd")
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        os.symlink(f"/proc/self/fd/{number}", f"{root}/dev/{name}")
    _mount("proc", f"{root}/proc", "proc", _MS_NOSUID | _MS_NODEV | _MS_NOEXEC)
    _checked(_libc.syscall(_SYS_PIVOT_ROOT[os.uname().machine], root.encode(), f"{root}/old".encode()), "pivot_root")
    os.chdir("/")
    _checked(_libc.umount2(b"/old", _MNT_DETACH), "umount /old")
    os.rmdir("/old")
    _mount("none", "/", flags=_MS_REMOUNT | _MS_BIND | _MS_RDONLY | _MS_NOSUID | _MS_NODEV)


def mount_process_table() -> None:
    """Shows only the processes of this process's own pid namespace in /proc."""
    _mount("proc", "/proc", "proc", _MS_NOSUID | _MS_NODEV | _MS_NOEXEC)


def mount_session_folders(data_bytes: int, python_prefixes: list[str]) -> None:
    """Gives a session its own /mnt/data, /tmp, home, shared memory and terminals, which take memory as they fill."""
    mount_process_table()
    quiet = _MS_NOSUID | _MS_NODEV
    _mount("tmpfs", DATA, "tmpfs", quiet, f"size={data_bytes},mode=777,{_INODES}")
    # Python may be installed below /tmp: its folders are mounted again over the new one.
    shown = {prefix: os.open(prefix, os.O_PATH) for prefix in python_prefixes if _is_below(prefix, "/tmp")}
    _mount("tmpfs", "/tmp", "tmpfs", quiet, f"size={TEMPORARY_BYTES},mode=1777,{_INODES}")
    for prefix, fd in shown.items():
        if not os.path.lexists(prefix):
            os.makedirs(prefix)
            _mount(f"/proc/self/fd/{fd}", prefix, flags=_MS_BIND | _MS_REC)
        os.close(fd)
    _mount("tmpfs", HOME, "tmpfs", quiet, f"size={TEMPORARY_BYTES},mode=755,{_INODES}")
    _mount("tmpfs", "/dev/shm", "tmpfs", quiet | _MS_NOEXEC, f"size={TEMPORARY_BYTES},mode=1777,{_INODES}")
    _mount(
        "devpts", "/dev/pts", "devpts", _MS_NOSUID | _MS_NOEXEC, f"newinstance,ptmxmode=0666,mode=620,max={_TERMINALS}"
    )


_ACCOUNTS = {
    "passwd": f"session:x:{INNER_UID}:{INNER_UID}::{HOME}:/bin/sh\n",
    "group": f"session:x:{INNER_UID}:\n",
    "hosts": "127.0.0.1 localhost\n::1 localhost\n",
    "nsswitch.conf": "passwd: files\ngroup: files\nhosts: files\n",
}


def _is_below(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder + "/")


def _show(path: str, root: str, *, device: bool = False) -> None:
    """Binds `path` read-only at the same path below `root`, with every symbolic link on the way to it."""
    if not os.path.exists(path) or os.path.lexists(root + path):
        return
    os.makedirs(os.path.dirname(root + path), exist_ok=True)
    if os.path.islink(path):
        os.symlink(os.readlink(path), root + path)
        _show(os.path.join(os.path.dirname(path), os.readlink(path)), root)
        return
    if os.path.isdir(path):
        os.mkdir(root + path)
    else:
        Path(root + path).touch()
    _mount(path, root + path, flags=_MS_BIND | _MS_REC)
    _make_read_only(root + path, nodev=not device)


def _make_read_only(path: str, *, nodev: bool) -> None:
    """Recursively: a plain remount would leave the mounts inside `path` writable. mount_setattr(2), Linux 5.12."""
    attributes = struct.pack("QQQQ", _MS_RDONLY | _MS_NOSUID | (_MS_NODEV if nodev else 0), 0, 0, 0)
    at_fdcwd, at_recursive, sys_mount_setattr = -100, 0x8000, 442
    result = _libc.syscall(
        sys_mount_setattr, at_fdcwd, path.encode(), at_recursive, attributes, ctypes.c_size_t(len(attributes))
    )
    _checked(result, f"mount_setattr {path}")


def _mount(source: str, target: str, kind: str | None = None, flags: int = 0, options: str | None = None) -> None:
    result = _libc.mount(
        source.encode(),
        target.encode(),
        kind.encode() if kind else None,
        ctypes.c_ulong(flags),
        options.encode() if options else None,
    )
    _checked(result, f"mount {target}")


def _prctl(option: int, value: int) -> None:
    _checked(
        _libc.prctl(option, ctypes.c_ulong(value), ctypes.c_ulong(0), ctypes.c_ulong(0), ctypes.c_ulong(0)), "prctl"
    )


def _checked(result: int, what: str) -> None:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")

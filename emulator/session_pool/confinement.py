"""Linux namespaces and mounts around a session: what its code sees of the machine.

Knows nothing of sessions or Python code; `zygote.py` calls it in order. What stands here gives every session its own
process table and its own file system with a private /mnt/data; it is not yet a wall against hostile code (the network,
the kernel's whole system call surface and the machine's memory are shared).

Works for an ordinary user through a user namespace. Root builds the root file system with its own rights (the Python
installation may lie in folders that only root can read) and then becomes `SESSION_UID` for good.
"""

import ctypes
import os
import struct
from pathlib import Path

SESSION_UID = 61_998  # what root drops to; no account, so that it shares processes and files with nobody
INNER_UID = 1000  # how that user, or the ordinary user who started the pool, looks from inside a session
HOME = "/home/session"
DATA = "/mnt/data"

_CLONE_NEWNS, _CLONE_NEWUSER, _CLONE_NEWPID = 0x0002_0000, 0x1000_0000, 0x2000_0000
_MS_RDONLY, _MS_NOSUID, _MS_NODEV, _MS_NOEXEC, _MS_REMOUNT, _MS_BIND = 1, 2, 4, 8, 32, 4096
_MS_REC, _MS_PRIVATE = 1 << 14, 1 << 18
_MNT_DETACH = 2
_PR_SET_DUMPABLE, _PR_CAPBSET_DROP, _PR_SET_CHILD_SUBREAPER, _PR_SET_NO_NEW_PRIVS = 4, 24, 36, 38
_SYS_PIVOT_ROOT = {"x86_64": 155, "aarch64": 41}
_LAST_CAPABILITY = 40  # CAP_CHECKPOINT_RESTORE, Linux 5.9

_libc = ctypes.CDLL(None, use_errno=True)


def become_session_user() -> None:
    """Gives up root for good. Call as root only."""
    os.setgroups([])
    os.setresgid(SESSION_UID, SESSION_UID, SESSION_UID)
    os.setresuid(SESSION_UID, SESSION_UID, SESSION_UID)
    allow_proc_access()  # the kernel closes /proc/self to a process that changed its user, and the id maps are there


def allow_proc_access() -> None:
    _prctl(_PR_SET_DUMPABLE, 1)


def deny_proc_access() -> None:
    """Other processes of the same user can neither trace this one nor read its memory."""
    _prctl(_PR_SET_DUMPABLE, 0)


def adopt_orphans() -> None:
    """Descendants whose parent ended become this process's children, so that none gets lost."""
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)


def drop_capabilities() -> None:
    """Takes every right that the session's user namespace gave, also across exec."""
    for capability in range(_LAST_CAPABILITY + 1):
        _libc.prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0)  # an older kernel knows fewer: EINVAL is fine
    header = struct.pack("II", 0x2008_0522, 0)  # _LINUX_CAPABILITY_VERSION_3, this process
    _checked(_libc.capset(header, bytes(24)), "capset")
    _prctl(_PR_SET_NO_NEW_PRIVS, 1)


def enter_namespaces(python_prefixes: list[str]) -> bool:
    """Moves this process into namespaces of its own; its next child is pid 1 of a new process table.

    True when the file system is swapped already. Raises OSError where the kernel does not allow it.
    """
    uid, gid = os.getuid(), os.getgid()  # a new user namespace knows neither until they are mapped
    is_root = uid == 0
    if is_root:
        _unshare(_CLONE_NEWNS)
        _build_root(python_prefixes)
        become_session_user()
        uid = gid = SESSION_UID
    _unshare(_CLONE_NEWUSER | _CLONE_NEWNS | _CLONE_NEWPID)
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{INNER_UID} {uid} 1")
    Path("/proc/self/gid_map").write_text(f"{INNER_UID} {gid} 1")
    return is_root


def settle(python_prefixes: list[str], *, swapped: bool) -> None:
    """In the first child after `enter_namespaces`: leaves it with a file system that holds only what Python needs."""
    if not swapped:
        _build_root(python_prefixes)  # an ordinary user may mount /proc only from inside the new process table
    mount_process_table()


def new_process_table() -> None:
    """The next child is pid 1 of a process table of its own."""
    _unshare(_CLONE_NEWPID)


def return_to_process_table(namespace_fd: int) -> None:
    """The next children belong to the process table behind `namespace_fd` again."""
    _checked(_libc.setns(namespace_fd, _CLONE_NEWPID), "setns")


def new_file_systems() -> None:
    """What this process mounts from now on is its own."""
    _unshare(_CLONE_NEWNS)


def _unshare(flags: int) -> None:
    _checked(_libc.unshare(flags), "unshare")


def _build_root(python_prefixes: list[str]) -> None:
    """Swaps the file system for one that holds the system's programs, Python, and nothing of anyone's own."""
    _mount("none", "/", flags=_MS_REC | _MS_PRIVATE)
    # Any folder will do that hides nothing of what is to be shown: the mount over it is seen by this process alone.
    root = next(
        folder
        for folder in ("/mnt", "/srv", "/media", "/opt", "/run", "/tmp")
        if os.path.isdir(folder) and not any(_is_below(prefix, folder) for prefix in python_prefixes)
    )
    _mount("tmpfs", root, "tmpfs", _MS_NOSUID | _MS_NODEV, "size=16m,mode=755")
    os.mkdir(f"{root}/tmp")
    _mount("tmpfs", f"{root}/tmp", "tmpfs", _MS_NOSUID | _MS_NODEV, "size=64m,mode=1777")
    for path in ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", *python_prefixes):
        _show(path, root)
    for path in (
        "/etc/fonts",
        "/etc/ssl",
        "/etc/alternatives",
        "/etc/ld.so.cache",
        "/etc/localtime",
        "/etc/mime.types",
    ):
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
    """Shows the processes of this process's own pid namespace, and no others, in /proc."""
    _mount("proc", "/proc", "proc", _MS_NOSUID | _MS_NODEV | _MS_NOEXEC)


def mount_session_folders(data_bytes: int, python_prefixes: list[str]) -> None:
    """Gives a session its own /mnt/data, /tmp, home, shared memory and terminals, which take memory as they fill."""
    mount_process_table()
    quiet = _MS_NOSUID | _MS_NODEV
    _mount("tmpfs", DATA, "tmpfs", quiet, f"size={data_bytes},mode=777")
    # Python may be installed below /tmp, as in a clone for a trial: its folders are shown again over the new one.
    shown = {prefix: os.open(prefix, os.O_PATH) for prefix in python_prefixes if _is_below(prefix, "/tmp")}
    _mount("tmpfs", "/tmp", "tmpfs", quiet, f"size={data_bytes},mode=1777")
    for prefix, fd in shown.items():
        if not os.path.lexists(prefix):
            os.makedirs(prefix)
            _mount(f"/proc/self/fd/{fd}", prefix, flags=_MS_BIND | _MS_REC)
        os.close(fd)
    _mount("tmpfs", HOME, "tmpfs", quiet, f"size={data_bytes},mode=755")
    _mount("tmpfs", "/dev/shm", "tmpfs", quiet | _MS_NOEXEC, f"size={data_bytes},mode=1777")
    _mount("devpts", "/dev/pts", "devpts", _MS_NOSUID | _MS_NOEXEC, "newinstance,ptmxmode=0666,mode=620")


_ACCOUNTS = {
    "passwd": f"session:x:{INNER_UID}:{INNER_UID}::{HOME}:/bin/sh\n",
    "group": f"session:x:{INNER_UID}:\n",
    "hosts": "127.0.0.1 localhost\n::1 localhost\n",
    "nsswitch.conf": "passwd: files\ngroup: files\nhosts: files\n",
}


def _is_below(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder + "/")


def _show(path: str, root: str, *, device: bool = False) -> None:
    """Binds `path` read-only at the same place under `root`, and every symbolic link on the way to it."""
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
    """Also below: a plain remount would leave the mounts inside `path` writable. mount_setattr(2), Linux 5.12."""
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

"""Which system calls sessions may make: the table, the filter, and the filter at work."""

import ctypes
import errno
import os
import platform
import socket
import struct
import subprocess
import sys
from pathlib import Path

import pytest

from emulator.session_pool.engines.linux import seccomp

ROOT = Path(__file__).resolve().parents[5]
ARCHITECTURES = {"x86_64": 0xC000_003E, "aarch64": 0xC000_00B7}
NEWER_THAN_THE_LIBRARY = {
    "cachestat", "fchmodat2", "futex_requeue", "futex_wait", "futex_waitv", "futex_wake", "mseal",
}  # fmt: skip
REFUSED = {
    "mount", "umount2", "pivot_root", "chroot", "unshare", "setns", "ptrace", "process_vm_readv", "process_vm_writev",
    "bpf", "perf_event_open", "userfaultfd", "keyctl", "add_key", "request_key", "io_uring_setup", "io_uring_enter",
    "io_uring_register", "open_by_handle_at", "name_to_handle_at", "kexec_load", "init_module", "finit_module",
    "delete_module", "fsopen", "fsconfig", "fsmount", "move_mount", "open_tree", "mount_setattr", "reboot", "swapon",
    "sethostname", "setdomainname", "settimeofday", "clock_settime", "adjtimex", "quotactl", "syslog", "pidfd_getfd",
    "kcmp", "personality", "fanotify_init", "memfd_create", "memfd_secret", "setuid", "setgid", "setresuid",
    "capset", "shmget", "shmat", "seccomp", "landlock_restrict_self", "process_madvise",
}  # fmt: skip


@pytest.fixture(scope="module")
def number_of():
    """libseccomp's number of a call on an architecture; negative if there is none."""
    library = ctypes.CDLL("libseccomp.so.2")
    return lambda machine, name: library.seccomp_syscall_resolve_name_arch(
        ctypes.c_uint32(ARCHITECTURES[machine]), name.encode()
    )


@pytest.mark.parametrize(("column", "machine"), list(enumerate(ARCHITECTURES)))
def test_the_numbers_are_libseccomps(number_of, column, machine):
    """For every call in the installed library."""
    known = {name: entry[column] for name, entry in seccomp.ALLOWED.items() if name not in NEWER_THAN_THE_LIBRARY}
    found = {name: number_of(machine, name) for name in known}
    assert known == {name: number if number >= 0 else None for name, number in found.items()}
    others = {name: entry[column] for name, entry in {**seccomp.CHECKED, **seccomp.IGNORED}.items()}
    assert others == {name: number_of(machine, name) for name in others}


@pytest.mark.parametrize("machine", ARCHITECTURES)
def test_the_filter_decides_as_documented(number_of, machine):
    """Simulated: listed calls are allowed, others get ENOSYS, and another architecture ends the process."""
    program = seccomp.program(machine, (seccomp.AF_UNIX, seccomp.AF_INET))
    column = list(ARCHITECTURES).index(machine)
    for name, entry in seccomp.ALLOWED.items():
        if entry[column] is not None:
            assert decide(program, machine, entry[column]) == "allow", name
    for name, entry in seccomp.IGNORED.items():
        assert decide(program, machine, entry[column]) == 0, name  # as if it had been done
    for name in REFUSED:
        number = number_of(machine, name)
        if number >= 0:
            assert decide(program, machine, number) == errno.ENOSYS, name
    assert decide(program, machine, 100_000) == errno.ENOSYS
    smaller = seccomp.program(machine, (seccomp.AF_UNIX,), without=("inotify_init1",))
    assert decide(smaller, machine, seccomp.ALLOWED["inotify_init1"][column]) == errno.ENOSYS
    assert decide(smaller, machine, seccomp.ALLOWED["inotify_add_watch"][column]) == "allow"
    other = next(name for name in ARCHITECTURES if name != machine)
    assert decide(program, other, 0) == "kill"
    assert decide(program, machine, 0x4000_0000 | 59) == "kill"


@pytest.mark.parametrize("machine", ARCHITECTURES)
def test_rules_that_depend_on_arguments(machine):
    """No new namespaces, no clone3, no input to other terminals, and only sockets of the given families."""
    program = seccomp.program(machine, (seccomp.AF_UNIX,))
    column = list(ARCHITECTURES).index(machine)
    clone, ioctl, sockets = (seccomp.CHECKED[name][column] for name in ("clone", "ioctl", "socket"))
    assert decide(program, machine, clone, 0x0100_0011) == "allow"
    for flag in (0x80, 0x0002_0000, 0x0200_0000, 0x0400_0000, 0x0800_0000, 0x1000_0000, 0x2000_0000, 0x4000_0000):
        assert decide(program, machine, clone, flag | 0x11) == errno.EPERM, hex(flag)
    assert decide(program, machine, seccomp.CHECKED["clone3"][column]) == errno.ENOSYS
    assert decide(program, machine, ioctl, 0, 0x5401) == "allow"
    for request in (0x5412, 0x541C):
        assert decide(program, machine, ioctl, 0, request) == errno.EPERM
    options = seccomp.CHECKED["setsockopt"][column]
    assert decide(program, machine, options, 3, socket.SOL_SOCKET, socket.SO_REUSEADDR) == "allow"
    assert decide(program, machine, options, 3, socket.IPPROTO_TCP, socket.SO_SNDBUF) == "allow"
    for option in (socket.SO_SNDBUF, socket.SO_RCVBUF, 32, 33):
        assert decide(program, machine, options, 3, socket.SOL_SOCKET, option) == 0  # as if it had been done
    assert decide(program, machine, sockets, socket.AF_UNIX) == "allow"
    for family in (socket.AF_INET, socket.AF_INET6, socket.AF_NETLINK, socket.AF_PACKET, socket.AF_VSOCK):
        assert decide(program, machine, sockets, family) == errno.EAFNOSUPPORT


@pytest.mark.parametrize("machine", ARCHITECTURES)
def test_calls_that_would_affect_other_processes(machine):
    """Any process but the session's init where it is alone with that; itself where it sees those of others."""
    column = list(ARCHITECTURES).index(machine)
    alone = seccomp.program(machine, (), protected=1)
    shared = seccomp.program(machine, ())
    for name in ("sched_setaffinity", "sched_setattr", "sched_setparam", "sched_setscheduler", "prlimit64"):
        number = seccomp.CHECKED[name][column]
        pids = [0, 1, 2, 1 << 32 | 1]  # the kernel takes the low half
        assert [decide(alone, machine, number, pid, 1, 1 << 40) for pid in pids] == ["allow", 1, "allow", 1], name
        assert [decide(shared, machine, number, pid, 1, 1 << 40) for pid in pids] == ["allow", 1, 1, 1], name
    assert decide(shared, machine, seccomp.CHECKED["prlimit64"][column], 2, 1, 0) == "allow"  # only reads
    for which, who, by_alone, by_shared in ((0, 0, "allow", "allow"), (0, 1, 1, 1), (0, 2, "allow", 1), (2, 0, 1, 1)):
        number = seccomp.CHECKED["setpriority"][column]
        assert (decide(alone, machine, number, which, who), decide(shared, machine, number, which, who)) == (
            by_alone,
            by_shared,
        )


@pytest.mark.parametrize("machine", ARCHITECTURES)
def test_calls_that_would_take_what_others_need(machine):
    """Larger pipes, locks of no process, merged memory and waiting for the disk; the rest of these calls is allowed."""
    program = seccomp.program(machine, ())
    column = list(ARCHITECTURES).index(machine)
    for name, arguments, decision in (
        ("fcntl", (3, 1031, 1 << 20), 0),
        ("fcntl", (3, 37), errno.EINVAL),
        ("fcntl", (3, 6), "allow"),
        ("prctl", (67, 1), errno.EINVAL),
        ("prctl", (62, 1), errno.EINVAL),
        ("prctl", (15, 1), "allow"),
        ("madvise", (4096, 4096, 12), errno.EINVAL),
        ("madvise", (4096, 4096, 4), "allow"),
        ("msync", (4096, 4096, 4), 0),
        ("msync", (4096, 4096, 1), "allow"),
    ):
        assert decide(program, machine, seccomp.CHECKED[name][column], *arguments) == decision, (name, arguments)


def decide(program: bytes, machine: str, number: int, first: int = 0, second: int = 0, third: int = 0) -> str | int:
    """The kernel's decision on a call: an interpreter of classic BPF."""
    data = struct.pack("=IIQQQQ", number, ARCHITECTURES[machine], 0, first, second, third)
    at, accumulator = 0, 0
    while True:
        code, when_true, when_false, value = struct.unpack_from("HBBI", program, at * 8)
        at += 1
        match code:
            case 0x20:
                (accumulator,) = struct.unpack_from("=I", data, value)
            case 0x15 | 0x45 | 0x35:
                met = {0x15: accumulator == value, 0x45: bool(accumulator & value), 0x35: accumulator >= value}[code]
                at += when_true if met else when_false
            case 0x06:
                return {0x7FFF_0000: "allow", 0x8000_0000: "kill"}.get(value, value & 0xFFFF)


def test_another_processor_has_no_filter():
    """Unsupported, so that the level is not available."""
    with pytest.raises(seccomp.Unsupported, match="riscv64"):
        seccomp.program("riscv64", ())


def test_a_process_stays_under_the_filter():
    """It applies to all child processes; a refused call fails with the filter's error."""
    assert platform.machine() in ARCHITECTURES
    code = (
        "import ctypes, os, platform, socket, subprocess\n"
        "from emulator.session_pool.engines.linux import seccomp\n"
        "seccomp.load(seccomp.program(platform.machine(), (seccomp.AF_UNIX,)))\n"
        "libc = ctypes.CDLL(None, use_errno=True)\n"
        "print(libc.unshare(0x10000000), ctypes.get_errno())\n"
        "try: socket.socket()\n"
        "except OSError as refusal: print(refusal.errno)\n"
        "print(subprocess.run(['sh', '-c', 'echo started'], capture_output=True, text=True).stdout.strip())\n"
        "print(subprocess.run(['unshare', '--user', 'true'], stderr=subprocess.DEVNULL).returncode)\n"
    )
    ended = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=30)
    lines = [f"-1 {errno.ENOSYS}", str(errno.EAFNOSUPPORT), "started", "1"]
    assert ended.stdout.split("\n")[:-1] == lines, ended.stderr


def test_an_invalid_filter_is_refused():
    """Unsupported, with the kernel's reason."""
    pid = os.fork()
    if pid == 0:
        try:
            seccomp.load(b"\xff" * 8)
        except seccomp.Unsupported:
            os._exit(7)
        os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 7

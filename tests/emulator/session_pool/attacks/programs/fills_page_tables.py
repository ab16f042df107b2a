"""Reads one byte of every two megabytes of a vast mapping, which takes page tables and hardly any other memory."""

import ctypes

import target


def tables() -> int:
    lines = open("/proc/self/status").read().splitlines()
    return sum(int(line.split()[1]) << 10 for line in lines if line.startswith("VmPTE"))


libc = target.libc
libc.mmap.restype = ctypes.c_void_p
libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_long]
gigabyte = 1 << 30
for _ in range(1024):
    start = libc.mmap(None, gigabyte, 1, 0x4022, -1, 0)
    if start == ctypes.c_void_p(-1).value:
        break
    for offset in range(0, gigabyte, 2 << 20):
        ctypes.c_char.from_address(start + offset).value  # noqa: B018 - a read is what takes the table
    if tables() > 1 << 30:
        target.breached("took a gibibyte of page tables")
        break
target.tried()

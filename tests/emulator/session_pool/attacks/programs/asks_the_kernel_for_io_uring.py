"""Makes a queue through which the kernel would do what the filter of system calls forbids."""

import ctypes

import target

parameters = ctypes.create_string_buffer(120)
for entries in (1, 8, 64):
    target.attempt("io_uring_setup", entries, parameters)
target.tried()

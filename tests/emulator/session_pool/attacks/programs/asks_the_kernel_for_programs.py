"""Loads programs into the kernel, and watches it."""

import ctypes

import target

attributes = ctypes.create_string_buffer(128)
for command in (0, 5, 11, 18):
    target.attempt("bpf", command, attributes, 128)
event = ctypes.create_string_buffer(128)
event[4:8] = (128).to_bytes(4, "little")
for kind in range(6):
    event[0:4] = kind.to_bytes(4, "little")
    for flags in (0, 0x60):  # also without the kernel's own part
        event[40:44] = flags.to_bytes(4, "little")
        target.attempt("perf_event_open", event, 0, -1, -1, 0)
target.attempt("fanotify_init", 0x200, 0)
target.tried()

"""Overwrites its own memory: objects, code and what the C library keeps."""

import ctypes
import sys

import target

target.tried()
for victim in (0, True, None, (), "", int, dict, sys.modules):
    ctypes.memset(id(victim), 0x41, 64)

"""Replaces the modules that the interpreter itself works with by nothing."""

import sys

import target

target.tried()
for name in list(sys.modules):
    if name not in ("sys", "builtins", "target"):
        sys.modules[name] = None

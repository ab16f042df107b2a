"""Calls itself until the stack overflows."""

import sys

import target

target.tried()
sys.setrecursionlimit(1 << 30)


def deeper(depth: int) -> str:
    return repr([deeper(depth + 1)])


deeper(0)

"""Calls itself until the stack is no more."""

import sys

import target

target.tried()
sys.setrecursionlimit(1 << 30)


def deeper(depth: int) -> str:
    return repr([deeper(depth + 1)])


deeper(0)

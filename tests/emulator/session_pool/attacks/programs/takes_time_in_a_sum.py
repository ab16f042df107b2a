"""Adds numbers in a function of C's that does not look for interrupts."""

import target

target.tried()
sum(range(10**12))

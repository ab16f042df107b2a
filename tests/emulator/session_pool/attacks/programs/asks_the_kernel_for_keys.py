"""Reads and fills the keyrings of its user, which are none of its session's own."""

import target

for ring in (-1, -2, -3, -4, -5):
    target.attempt("keyctl", 0, ring, 1, 0, 0)
    target.attempt("add_key", b"user", b"tried", b"x", 1, ring)
    target.attempt("request_key", b"user", b"tried", 0, ring)
target.attempt("keyctl", 1, target.MARK.encode(), 0, 0, 0)
for path in ("/proc/keys", "/proc/key-users"):
    if target.read(path):
        target.breached(f"read {path}")
target.tried()

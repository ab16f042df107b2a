"""Changes its root, to escape from its own."""

import os

import target

os.makedirs("/mnt/data/root/old", exist_ok=True)
target.attempt("chroot", b"/mnt/data/root")
target.attempt("chroot", b"/")
target.attempt("pivot_root", b"/mnt/data/root", b"/mnt/data/root/old")
target.attempt("pivot_root", b".", b".")
for _ in range(20):
    os.chdir("..")
target.read(f"./{target.HOST_FILE}")
target.tried()

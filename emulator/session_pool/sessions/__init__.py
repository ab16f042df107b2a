"""The pool, its sessions and their kernels, as values and coroutines. Independent of HTTP and of engines."""

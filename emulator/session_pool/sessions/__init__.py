"""The pool, its sessions and their kernels, as values and coroutines. Knows neither HTTP nor how an engine works."""

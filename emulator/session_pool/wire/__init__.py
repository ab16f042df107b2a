"""The pool's data plane over HTTP: routes, bodies, tokens, faults. Knows sessions, and of engines their interface."""

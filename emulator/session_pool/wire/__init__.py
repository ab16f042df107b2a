"""The pool's data plane over HTTP: routes, bodies, tokens, faults. Uses sessions, and the interface of engines."""

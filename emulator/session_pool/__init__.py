"""An emulator of a code-interpreter session pool. It imports nothing of the project outside this package."""

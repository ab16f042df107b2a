"""An emulator of a code-interpreter session pool. It imports nothing from the project outside this package."""

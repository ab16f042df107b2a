"""The embedded code-interpreter session pool. It imports nothing of the project outside itself."""

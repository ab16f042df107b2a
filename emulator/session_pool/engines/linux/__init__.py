"""Sessions isolated with what Linux has: namespaces, landlock, seccomp and limits. Imported on Linux alone."""

"""What every engine uses: the programs that run in a session's processes, their protocol, and rules for files."""

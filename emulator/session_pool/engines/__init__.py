"""What makes the processes of sessions. `interface` is what the pool expects of them, `choice` picks one."""

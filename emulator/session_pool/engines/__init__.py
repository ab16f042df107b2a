"""The engines, which create sessions' processes. `interface` is what the pool expects of one, `choice` picks one."""

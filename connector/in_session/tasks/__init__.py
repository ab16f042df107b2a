"""Tasks: what the connector itself does inside a session, between the runs of the session's user.

Each module is one task. Its source is sent to the session, where `perform` is called with the arguments as JSON, and
its result is sent back as JSON. So a module imports the standard library alone, and runs on Python 3.8 and later. It
may be performed twice, and after the connector has stopped waiting for it: its docstring states what happens then.
"""

"""Tasks: what the connector itself does inside a session, between the runs of the session's user.

Each module but those in `SHARED` is one task. Its source is sent to the session, where `perform` is called; arguments
and result are JSON. So a module imports only the standard library, and runs on Python 3.8 and later. A task may be
performed twice, or after the connector has stopped waiting for it: its docstring states what happens then.
"""

SHARED = ("listed_paths", "stored_results", "transfer_folders", "workspace_files")
"""The modules that are sent with the tasks that import them. They import nothing of each other."""

"""What runs inside a session, and how the connector sends it and reads its results.

`payload/` and `tasks/` run in the session's interpreter, `watcher.py` in a process of its own. `cell.py` packs them
into the code that is sent, `report.py` reads what they write, and `protocol.py` has the names and limits of both sides.
"""

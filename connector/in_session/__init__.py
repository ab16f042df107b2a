"""What runs inside a session, and the two ends of the line to it.

`payload/` runs in the session's interpreter, `watcher.py` and `tasks/` beside or in it; `cell.py` packs them into the
code that is sent, `report.py` reads what they write, and `protocol.py` has the names and limits that both ends know.
"""

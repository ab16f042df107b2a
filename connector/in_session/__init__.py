"""Rich results: what is sent into a session to report what a run made, and what reads that report here.

`planted.py` runs in the session, `cell.py` sends it there, `report.py` reads what it tells.
"""

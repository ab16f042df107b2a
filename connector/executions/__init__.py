"""ExecutePythonCode, GetExecution and CancelExecution.

`operations.py` decides how code runs: in one call of the pool (`one_call.py`), in the background (`background.py`), or
without the payload (`direct.py`). `records.py` reads and writes an execution's folder in the session, `lookup.py`
finds out how an execution is, `following.py` waits for it, and `turns.py` knows whether the session is busy.
`result.py` makes the answer, with the texts of `outcomes.py`, and `truncation.py` fits it into a message.
"""

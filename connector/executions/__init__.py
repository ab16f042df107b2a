"""ExecutePythonCode, GetExecution and CancelExecution.

`operations.py` decides how code runs: in one call of the pool (`one_call.py`), in the background (`background.py`), or
without the payload (`direct.py`). `records.py` reads and writes an execution's folder in the session, `lookup.py`
finds the state of an execution, `following.py` waits for its end, and `turns.py` checks whether the session is busy.
`result.py` makes an Execution of a report, `outcomes.py` has its texts, and `truncation.py` limits its size.
"""

"""Who calls, and which sessions, executions and uploads they may reach.

`entra` finds out who a caller is by a token of Entra ID, `session_ids` what ids look like and whose sessions they name,
and `signed_tokens` makes addresses that need no function key.
"""

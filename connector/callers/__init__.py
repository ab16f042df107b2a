"""Who calls, and which sessions, executions and uploads they may reach.

`entra` identifies a caller by a token of Entra ID, `session_ids` validates ids and keeps the sessions of callers apart,
and `signed_tokens` makes tokens for addresses that need no function key.
"""

"""The session pool's data plane.

`sessions` has what can be done in a session, and `client` the calls that it takes. `wire` is what requests and
responses look like in each api-version, `circuit` when calls are not sent at all, `hand_over` when code may be sent
again, `errors` what callers get when the pool fails.
"""

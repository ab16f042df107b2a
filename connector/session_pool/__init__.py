"""The session pool's data plane. Nothing else imports requests.

`sessions` has what can be done in a session, and `client` the calls that it takes. `wire` is what requests and
responses look like in each api-version, `credentials` the token, `deadlines` and `retries` how long a call may take and
when it is sent again, `hand_over` when code may be sent again, `errors` what callers get when the pool fails.
"""

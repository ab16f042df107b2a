"""The session pool's data plane. Nothing else imports requests.

`sessions` has what can be done in a session, and `client` the calls that it takes. `wire` is what requests and
responses look like in each api-version, `credentials` the token, `deadlines` how long an operation may take,
`connections` what ends its calls then, `retries` when they are sent again, `circuit` when they are not sent at all,
`hand_over` when code may be sent again, `errors` what callers get when the pool fails.
"""

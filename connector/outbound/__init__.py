"""What calls of other services share: `deadlines`, `connections` that heed them, `sender` and `bodies`, `retries`, what
`failures` mean, and the token of the connector's identity, `credentials`. Knows neither the session pool nor Blob
Storage.
"""

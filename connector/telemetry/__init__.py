"""What an operator sees: records in the log, counters, and the ids that connect them to a caller's and the pool's own.

No record has a secret: session ids appear as hashes; file names, code, contents, keys, tokens and URLs do not appear.
`records` writes them, `activity` collects what is known about the request in progress, `pool_calls` and `events` are
the other records, `correlation` reads and passes on ids, `causes` describes exceptions, `library_logs` keeps what
libraries know out of the log, `open_telemetry` counts.
"""

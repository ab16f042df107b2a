"""No isolation, no limits on memory, processors or disk, no network control: sessions as plain subprocesses.

For systems without Linux's isolation. Code in a session has all rights of the user who started the pool.
"""

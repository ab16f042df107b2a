"""Blob Storage, by its REST interface: `containers` has what can be done in one container, `storage` which containers
there are.

`calls` sends requests, `addresses` knows URLs and names, `wire` reads and writes XML, `signed_urls` signs, and
`errors` makes errors of responses. Not azure-storage-blob: the version that it signs with cannot be chosen, it needs
more memory for whole parts of files, and retries, deadlines and records are those of all calls here.
"""

"""Calls the session pool itself, as any client on the machine can."""

import http.client

import target

for path in ("/faults", "/subscriptions/local/resourceGroups/local/sessionPools/local/listSessions", "/msi/token"):
    try:
        connection = http.client.HTTPConnection("127.0.0.1", target.POOL_PORT, timeout=0.5)
        connection.request("GET", path)
        target.breached(f"the pool answered {connection.getresponse().status}")
    except OSError:
        pass
target.tried()

"""Stops and closes its own event loop, and cancels everything that waits there."""

import asyncio

import target

loop = asyncio.get_running_loop()
target.tried()
for task in asyncio.all_tasks():
    task.cancel()
loop.stop()
loop.close if loop.is_running() else loop.close()

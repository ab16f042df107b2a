"""Ignores and blocks the interrupt."""

import signal

import target

target.tried()
signal.signal(signal.SIGINT, signal.SIG_IGN)
signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 32))
while True:
    pass

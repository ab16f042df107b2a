"""Leaves threads that print and write between executions and during later ones."""

import os
import threading
import time

import target


def write() -> None:
    for number in range(200):
        os.write(1, b"late " * 10)
        print("late", number)
        time.sleep(0.01)


for _ in range(4):
    threading.Thread(target=write, daemon=True).start()
target.tried()

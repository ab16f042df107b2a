"""Catches the exception that an interrupt raises, repeatedly."""

import time

import target

target.tried()
while True:
    try:
        while True:
            time.sleep(0.01)
    except BaseException:
        continue

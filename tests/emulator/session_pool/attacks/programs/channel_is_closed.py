"""Closes every descriptor, the way to the server and the outputs among them, and goes on."""

import os
import time

import target

target.tried()
os.closerange(0, 4096)
time.sleep(60)

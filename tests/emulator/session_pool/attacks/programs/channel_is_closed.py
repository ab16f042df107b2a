"""Closes every descriptor, including the channel to the server and the outputs, and continues."""

import os
import time

import target

target.tried()
os.closerange(0, 4096)
time.sleep(60)

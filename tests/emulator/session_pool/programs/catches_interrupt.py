"""Takes the interrupt for a hint, and ends well a moment later."""

import time

try:
    time.sleep(60)
except KeyboardInterrupt:
    kept = "caught"
    time.sleep(0.3)
    print("went on")

"""Never ends, and takes no notice of being interrupted."""

import time

while True:
    try:
        time.sleep(60)
    except KeyboardInterrupt:
        pass

"""Removes a folder when the processes that use it have ended, even if all of them were killed."""

import os
import subprocess

# In a separate session, so that what ends these processes as a group does not end it too.
_SCRIPT = """
exec 3<&0
(
    cat <&3
    for attempt in 1 2 3 4 5; do
        [ -e "$0" ] || break
        chmod -R u+rwX -- "$0"
        rm -rf -- "$0" || sleep 1
    done
) >/dev/null 2>&1 &
"""


def remove_when_released(folder: str) -> int:
    """A descriptor: the folder is removed when this process, and every fork of it, has closed it or ended."""
    waits, held = os.pipe()
    try:
        subprocess.run(["sh", "-c", _SCRIPT, folder], stdin=waits, start_new_session=True, check=True)
    finally:
        os.close(waits)
    return held

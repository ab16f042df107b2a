"""The environment of the code in sessions, as far as it is the same in every engine.

Independent of isolation: an engine adds where its sessions may write.
"""

import os
import sys


def variables(search_path: str) -> dict[str, str]:
    """The variables that set up Python and what it starts. `search_path` is where other programs are found."""
    return {
        "PATH": os.pathsep.join(filter(None, (_own_programs(), search_path))),
        "LANG": "C.UTF-8",
        # As in the service's containers, whatever the zone of this machine.
        "TZ": "UTC",
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",
    }


def _own_programs() -> str:
    """The folder of `python` and `pip`: programs that the code starts have the packages of its own interpreter."""
    return os.path.dirname(sys.executable)

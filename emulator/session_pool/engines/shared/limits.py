"""What the code of one session may use. The engines enforce it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """`data_bytes` limits /mnt/data; the session's other folders have fixed sizes. `memory_bytes` and `processes` are
    for all its processes together, `cpus` is the number of processors that they may use on average.
    """

    data_bytes: int = 1100 << 20
    memory_bytes: int = 2 << 30
    processes: int = 256
    cpus: float = 1.0
    network: bool = False
    """True gives the session's code access to the machine's network."""

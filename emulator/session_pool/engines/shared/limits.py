"""What the code of one session may use. Who holds it to that is the business of the engine."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """`data_bytes` caps /mnt/data; the session's other folders have fixed sizes. `memory_bytes` is of all its processes
    together, `cpus` what they may use of processors over time.
    """

    data_bytes: int = 1100 << 20
    memory_bytes: int = 2 << 30
    processes: int = 256
    cpus: float = 1.0
    network: bool = False
    """True leaves the machine's network open to the session's code."""

"""The speed and size of the session pool's sessions on this machine, compared with Jupyter's kernel gateway.

`python -m benchmarks.session_pool` prints one table; `--help` lists the options. README.md describes each figure, and
has recorded results.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from . import processes
from .amounts import QUICK, Amounts
from .figures import Figure, table
from .gateway import GatewayProgram
from .gateway_rounds import GatewayRounds
from .pool_program import PoolProgram
from .pool_rounds import PoolRounds


def machine_facts() -> dict[str, str]:
    """Facts about the machine, without its name."""
    names = [line.partition(":")[2].strip() for line in Path("/proc/cpuinfo").read_text().splitlines()
             if line.startswith("model name")]  # fmt: skip
    memory = processes.machine_memory("MemTotal") / 1e9
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "processors": f"{os.cpu_count()} x {names[0] if names else platform.machine()}",
        "memory": f"{memory:.1f} GB, {processes.machine_memory('MemAvailable') / 1e9:.1f} GB available before",
        "kernel": f"{platform.system()} {platform.release().partition('-')[0]}",
        "Python": platform.python_version(),
        "load average before": " ".join(f"{load:.2f}" for load in os.getloadavg()),
    }


def main() -> int:
    options = _parser().parse_args()
    amounts = QUICK if options.quick else Amounts()
    facts = machine_facts()
    with PoolProgram("--max-sessions", "600") as pool:
        facts["isolation"] = pool.isolation
        rounds = PoolRounds(pool, amounts)
        steps = [
            rounds.new_sessions, rounds.warm, rounds.firsts, rounds.created_per_second, rounds.idle, rounds.files,
            rounds.floor,
        ]  # fmt: skip
        figures = [figure for step in steps for figure in _measured(step)]
    if not (options.quick or options.without_gateway):
        _announce("the kernel gateway")
        try:
            with GatewayProgram() as gateway:
                gateway_figures = GatewayRounds(gateway, amounts).measured()
            for figure in figures:
                figure.gateway = gateway_figures.get(figure.name)
        except (OSError, RuntimeError, subprocess.CalledProcessError) as failure:
            print(f"the kernel gateway could not be measured: {failure}", file=sys.stderr)
    facts["load average after"] = " ".join(f"{load:.2f}" for load in os.getloadavg())
    for name, value in facts.items():
        print(f"{name:<20} {value}")
    print(f"\n{table(figures)}")
    if options.json:
        report = {"facts": facts, "figures": [figure.members() for figure in figures]}
        Path(options.json).write_text(json.dumps(report, indent=2) + "\n")
    return 0


def _measured(step: Callable[[], list[Figure]]) -> list[Figure]:
    _announce(step.__name__.replace("_", " "))
    return step()


def _announce(what: str) -> None:
    print(f"measuring: {what}", file=sys.stderr, flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.session_pool", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few repetitions, without the gateway")
    parser.add_argument("--without-gateway", action="store_true", help="only the session pool")
    parser.add_argument("--json", metavar="FILE", help="also write the figures to a file")
    return parser


if __name__ == "__main__":
    sys.exit(main())

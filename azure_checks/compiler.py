"""Bicep's own compiler, where the machine has it: it knows all that the checks here do not."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path


def compilers() -> Iterator[list[str]]:
    """The command of the compiler, if there is one: a program of its own, azd's copy, or the Azure CLI's."""
    if bicep := shutil.which("bicep") or shutil.which(str(Path.home() / ".azd" / "bin" / "bicep")):
        yield [bicep]
    elif (az := shutil.which("az")) and subprocess.run([az, "bicep", "version"], capture_output=True).returncode == 0:
        yield [az, "bicep"]


def findings(main: Path) -> Iterator[str]:
    """What `build` and `lint` say about the templates, line by line; nothing where there is no compiler."""
    for command in compilers():
        file = ["--file", str(main)] if len(command) > 1 else [str(main)]
        for action in (["build", *file, "--stdout"], ["lint", *file]):
            done = subprocess.run([*command, *action], capture_output=True, text=True, timeout=300)
            found = [line for line in done.stderr.splitlines() if "Warning" in line or "Error" in line]
            yield from found
            if done.returncode != 0 and not found:
                said = done.stderr.strip().splitlines() or ["it said nothing"]
                yield f"{' '.join([*command, *action])} ended with {done.returncode}: {said[-1]}"

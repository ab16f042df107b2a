"""Runs programs of Node.js with the packages of package.json, which are in the environment of the tests."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

BIN = Path(sys.executable).parent
NODE_MODULES = BIN.parent / "node_modules"
INSPECTOR = NODE_MODULES / "@modelcontextprotocol" / "inspector" / "clients" / "launcher" / "build" / "index.js"


def run_node(folder: Path, program: Path, *arguments: str, text: str = "") -> subprocess.CompletedProcess[str]:
    """In a folder of its own, with `text` on standard input. A program beside this module is copied there."""
    (folder / "node_modules").is_symlink() or (folder / "node_modules").symlink_to(NODE_MODULES)
    if program.parent == Path(__file__).parent:
        program = Path(shutil.copy(program, folder))
    environment = {"PATH": f"{BIN}:{os.environ['PATH']}", "HOME": str(folder)}
    return subprocess.run(
        [BIN / "node", program, *arguments],
        cwd=folder,
        env=environment,
        input=text,
        capture_output=True,
        text=True,
        timeout=95,
        check=False,
    )

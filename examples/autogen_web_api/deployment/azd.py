"""The Azure Developer CLI, azd: what it knows, and what it is asked to do."""

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any


class Refused(Exception):
    """The command cannot be carried out. The message states the problem and the remedy."""


def require_sign_in() -> None:
    """Raises Refused."""
    if shutil.which("azd") is None:
        raise Refused("The Azure Developer CLI (azd) is not installed. Install version 1.24.1 or later.")
    status = _json("auth", "login", "--check-status")
    if not isinstance(status, dict) or status.get("status") != "success":
        raise Refused("You are not signed in to Azure. Run `azd auth login`.")


class Project:
    """A folder with an azure.yaml, in which azd keeps environments."""

    def __init__(self, folder: Path) -> None:
        self._folder = str(folder)

    def environments(self) -> set[str]:
        """Their names."""
        listed = _json("env", "list", "--cwd", self._folder)
        return {entry["Name"] for entry in listed} if isinstance(listed, list) else set()

    def values(self, environment: str = "") -> dict[str, str]:
        """The variables of an environment, by default of the selected one. Empty if there is none."""
        named = ["--environment", environment] if environment else []
        values = _json("env", "get-values", *named, "--cwd", self._folder)
        return values if isinstance(values, dict) else {}

    def run(self, *command: str, **variables: str) -> None:
        """Runs a command, whose progress azd prints, with more variables for this once. Raises Refused if it fails."""
        done = subprocess.run([_azd(), *command, "--no-prompt", "--cwd", self._folder], env={**os.environ, **variables})
        if done.returncode != 0:
            raise Refused(
                f"`azd {command[0]}` failed; its message is above. "
                "When the cause is removed, run the command again: it continues where it stopped."
            )


def _json(*command: str) -> Any:
    """What azd prints, or None if it fails or prints something else."""
    command = (_azd(), *command, "--output", "json", "--no-prompt")
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120)
    try:
        return json.loads(done.stdout) if done.returncode == 0 else None
    except ValueError:
        return None


def _azd() -> str:
    return shutil.which("azd") or "azd"

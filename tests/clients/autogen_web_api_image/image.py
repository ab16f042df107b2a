"""What a Dockerfile makes, made by hand where there is no Docker: its steps, in an empty folder.

It knows the instructions of examples/autogen_web_api/Dockerfile, and refuses others.
"""

import contextlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path

from dockerfile_parse import DockerfileParser
from programs import ROOT

EXAMPLE = ROOT / "examples" / "autogen_web_api"


@dataclass
class Image:
    root: Path
    """The folder that stands for `/`."""
    base: str = ""
    folder: Path = Path("/")
    variables: dict[str, str] = field(default_factory=dict)
    user: int = 0
    port: int = 0
    command: list[str] = field(default_factory=list)

    @property
    def path(self) -> str:
        """Of the environment that stands for the base image."""
        return f"{self.root / 'python' / 'bin'}:/usr/bin:/bin"

    def place(self, path: str | Path) -> Path:
        """Where a path of the image is on this machine."""
        return self.root / (self.folder / path).relative_to("/")

    def start(self, command: list[str], **variables: str) -> subprocess.Popen[str]:
        """As the user of the image, if this is root; else as whoever this is, who is not root either."""
        environment = {"PATH": self.path, "HOME": "/", **self.variables, **variables}
        user = {"user": self.user, "group": self.user, "extra_groups": []} if os.getuid() == 0 else {}
        return subprocess.Popen(command, cwd=self.place("."), env=environment, text=True, **user)


def instructions(text: str) -> list[tuple[str, str]]:
    """Of a Dockerfile, without comments."""
    parser = DockerfileParser(fileobj=_InMemory(text.encode()))
    return [(each["instruction"], each["value"]) for each in parser.structure if each["instruction"] != "COMMENT"]


def context(example: Path) -> list[Path]:
    """The files that a builder gets. As Docker reads .dockerignore: the last pattern that matches a path, or a folder
    above it, decides; unlike in .gitignore, a pattern without a slash matches at the top alone.
    """
    lines = (example / ".dockerignore").read_text().splitlines()
    patterns = [line for line in lines if line and not line.startswith("#")]

    def is_sent(path: Path) -> bool:
        levels = [path, *path.parents][:-1]
        sent = True
        for pattern in patterns:
            if any(_matches(level, pattern.removeprefix("!")) for level in levels):
                sent = pattern.startswith("!")
        return sent

    files = [path.relative_to(example) for path in sorted(example.rglob("*")) if path.is_file()]
    return [path for path in files if is_sent(path)]


def _matches(path: Path, pattern: str) -> bool:
    parts = pattern.split("/")
    return len(parts) == len(path.parts) and all(map(fnmatch, path.parts, parts))


def build(example: Path, root: Path) -> Image:
    """Carries out the steps of the example's Dockerfile in an empty folder."""
    image = Image(root)
    sent = context(example)
    for instruction, value in instructions((example / "Dockerfile").read_text()):
        match instruction:
            case "FROM":
                image.base = value
                _make_environment(root / "python")
            case "ENV":
                image.variables.update(pair.split("=", 1) for pair in value.split())
            case "WORKDIR":
                image.folder = Path(value)
                image.place(".").mkdir(parents=True)
            case "COPY":
                *sources, target = value.split()
                for path in (path for path in sent for source in sources if _matches(path, source)):
                    image.place(target).mkdir(parents=True, exist_ok=True)
                    shutil.copyfile(example / path, image.place(target) / path.name)
            case "RUN":
                subprocess.run(value, shell=True, check=True, cwd=image.place("."), env={"PATH": image.path})
            case "USER":
                image.user = int(value.split(":")[0])
            case "EXPOSE":
                image.port = int(value)
            case "CMD":
                image.command = json.loads(value)
            case _:
                raise ValueError(f"{instruction} is not known here")
    return image


def _make_environment(folder: Path) -> None:
    """An environment of a Python that the user of the image may run: one below /root is not."""
    subprocess.run([readable_python(), "-m", "venv", "--without-pip", folder], check=True)
    pip = [sys.executable, "-m", "pip", "--python", folder / "bin" / "python", "install", "--quiet", "pip"]
    subprocess.run(pip, check=True)


def readable_python() -> str:
    if os.getuid() != 0:
        return sys.executable
    for folder in (*os.environ["PATH"].split(":"), "/usr/bin"):
        for name in ("python3.13", "python3.12", "python3.11", "python3"):
            with contextlib.suppress(OSError):
                program = f"{folder}/{name}"
                check = [program, "-c", "import sys, venv; sys.exit(sys.version_info < (3, 11))"]
                if subprocess.run(check, user=10001, env={}, capture_output=True).returncode == 0:
                    return program
    raise AssertionError("no Python from 3.11 on can be run by users other than root: install python3-venv")


@contextlib.contextmanager
def protected(folder: Path) -> Iterator[None]:
    """Nobody but root may write in the folder, and its owner neither."""
    for mode in ("a-w", "u+w"):
        subprocess.run(["chmod", "-R", mode, folder], check=True)
        if mode == "a-w":
            yield


class _InMemory:
    """A file for DockerfileParser, which reads and seeks."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def seek(self, _: int) -> None:
        pass

    def readlines(self) -> list[bytes]:
        return self._content.splitlines(keepends=True)

"""What the tests of the agent share: its package, programs for Node.js, and a connector with storage."""

import json
import os
import re
import subprocess
import sys
import urllib.error
import urllib.request
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from programs import ROOT, Program

HERE = Path(__file__).parent
ENVIRONMENT = Path(os.environ.get("CLIENT_ENVIRONMENT", sys.prefix))
"""Where requirements.txt and package.json are installed."""

NODE_MODULES = ENVIRONMENT / "node_modules"
ENTRA = (
    "--auth", "entra", "--tenant-id", "0d6d4b5c-1111-4222-8333-0123456789ab",
    "--client-id", "7f1e9a2b-4444-4555-8666-fedcba987654",
)  # fmt: skip


def node(program: str, *arguments: str, text: str = "") -> Any:
    """The JSON that a program beside this module prints."""
    completed = subprocess.run(
        [ENVIRONMENT / "bin" / "node", HERE / program, NODE_MODULES, *arguments],
        input=text,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert completed.returncode == 0, completed.stderr
    return json.loads(completed.stdout)


def fill(card: Any, response: Any) -> Any:
    """The `card` as the template engine fills it, and the `objections` of the reader of Adaptive Cards."""
    (filled,) = node("cards.js", text=json.dumps([[card, response]]))
    return filled


def write_package(folder: Path, *options: str) -> Path:
    """Run the command of `make copilot-agent`. Returns the folder with the package's files, in `folder`."""
    command = [os.environ["POOL_PYTHON"], "-m", "copilot_agent", "--url", "https://my-app.azurewebsites.net"]
    path = folder / "agent.zip"
    subprocess.run([*command, "--output", path, *options], cwd=ROOT, check=True, capture_output=True, timeout=60)
    with zipfile.ZipFile(path) as package:
        package.extractall(folder / "files")
    return folder / "files"


@dataclass(frozen=True)
class Api:
    """A running connector that makes durable links, with a folder whose files it can import."""

    url: str
    key: str
    imports_url: str
    imports: Path

    def call(self, method: str, path: str, body: dict[str, Any] | None = None) -> tuple[int, Any]:
        """Status and JSON of the response; None if it is empty."""
        request = urllib.request.Request(
            f"{self.url}{quote(path, safe='/?=&')}",
            data=None if body is None else json.dumps(body).encode(),
            headers={"x-functions-key": self.key, "Content-Type": "application/json"},
            method=method,
        )
        try:
            with urllib.request.urlopen(request, timeout=60) as response:
                content = response.read()
                return response.status, json.loads(content) if content else None
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.load(error)

    def run(self, code: str, **members: Any) -> Any:
        """The response to a run as the package's document describes it."""
        body = {"pythonCode": code, "includeContent": "links", "waitInSeconds": 15, **members}
        return self.call("POST", "/executions", body)[1]


@contextmanager
def running_api() -> Iterator[Api]:
    """A connector with storage, until the block ends."""
    program = Program("emulator", "--keys", "--port", "0", "--pool-port", "0", "--storage-port", "0")
    found = re.fullmatch(r"(\S+)/NAME is the file NAME in (.+)", program.output["imports"])
    assert found
    try:
        yield Api(program.output["connector"], program.output["function key"], found[1], Path(found[2]))
    finally:
        program.terminate()
        program.wait()


def read_cards(folder: Path) -> dict[str, Any]:
    """The card of each function of the package whose files are in `folder`."""
    plugin = json.loads((folder / "ai-plugin.json").read_text(encoding="utf-8"))
    semantics = {
        function["name"]: function["capabilities"].get("response_semantics") for function in plugin["functions"]
    }
    assert all(one["data_path"] == "$" for one in semantics.values() if one)
    return {name: one["static_template"] for name, one in semantics.items() if one}

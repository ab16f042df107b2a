"""The commands and programs of docs/links.md, workspaces.md and large-files.md run as written, against the emulator."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

DOCS = Path(__file__).resolve().parents[1] / "docs"
BLOCKS = [
    pytest.param(language, block, id=f"{name} {number}")
    for name in ("links", "workspaces", "large-files")
    for number, (language, block) in enumerate(
        re.findall(r"^```(sh|python)\n(.*?)^```$", (DOCS / f"{name}.md").read_text(encoding="utf-8"), re.M | re.DOTALL)
    )
]
IMPORTS = "https://ACCOUNT.blob.core.windows.net/imports"
FILES = (
    "import pathlib\nfor name in ('chart.png', 'result.parquet'):\n    pathlib.Path('/mnt/data', name).write_text(name)"
)


@pytest.mark.parametrize(("language", "block"), BLOCKS)
def test_block_runs(api_with_storage, storage, session_id, tmp_path, language, block):
    """In a session with the files that it names, with the address and key of the connector. No response is an error."""
    storage.put("sales.csv", b"region,amount\nNorth,42\n")
    api_with_storage.call("POST", "/executions", json={"sessionId": session_id, "pythonCode": FILES})
    imports = storage.server.container_url("imports")
    block = block.replace(IMPORTS, imports).replace("weekly-report", f"report-{session_id}")
    values = {"API": api_with_storage.url, "KEY": "key", "SESSION": session_id}
    if language == "sh":
        command = ["bash", "-c", 'set -euo pipefail\ncurl() { command curl -sS --fail-with-body "$@"; }\n' + block]
    else:
        values |= {"session_id": session_id, "BLOB_URL": f"{imports}/sales.csv"}
        command = [sys.executable, "-c", "".join(f"{name} = {value!r}\n" for name, value in values.items()) + block]
    environment = {**os.environ, **values, "NO_PROXY": "127.0.0.1"}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "sessionId" in done.stdout or language == "python" and done.stdout.strip()

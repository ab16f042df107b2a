"""TypeScript: @hey-api/openapi-ts, and openapi-typescript with openapi-fetch, generate what a program calls a running
connector with.

From openapi.yaml, and from the document that the app serves for generated clients. The programs beside this module are
compiled with the strictest checks: so the generated types have to be those of the responses.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
BIN = Path(sys.executable).parent
NODE_MODULES = BIN.parent / "node_modules"
COMPILER_OPTIONS = {
    "strict": True,
    "target": "es2022",
    "module": "commonjs",
    "moduleResolution": "node10",
    "lib": ["es2022", "dom", "dom.iterable"],
    "types": ["node"],
    "skipLibCheck": True,
}
RESULT = {
    "connection": "Connected",
    "value": 3,
    "part": "234",
    "files": ["a.csv", "b.bin"],
    "started": [202, "Running"],
    "canceled": "Canceled",
    "deleted": 204,
    "missing": "FileNotFound",
    "refused": 401,
}


def run(folder, *command):
    """The output of a program that npm has installed."""
    environment = {"PATH": f"{BIN}:{os.environ['PATH']}", "HOME": str(folder)}
    completed = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=100, check=False
    )
    assert completed.returncode == 0, completed.stdout + completed.stderr
    return completed.stdout


@pytest.fixture(scope="module", params=["openapi.yaml", "openapi-full.json"])
def compiled(request, connector, tmp_path_factory):
    """The folder with the generated clients and the programs, compiled."""
    folder = tmp_path_factory.mktemp("typescript")
    document = connector.save_document(request.param, folder).name
    (folder / "node_modules").symlink_to(NODE_MODULES)
    commands = NODE_MODULES / ".bin"
    run(folder, commands / "openapi-ts", "-i", document, "-o", "hey", "-c", "@hey-api/client-fetch")
    run(folder, commands / "openapi-typescript", document, "-o", "schema.d.ts")
    programs = sorted(HERE.glob("*.ts"))
    for program in programs:
        (folder / program.name).write_bytes(program.read_bytes())
    configuration = {"compilerOptions": COMPILER_OPTIONS, "files": [program.name for program in programs]}
    (folder / "tsconfig.json").write_text(json.dumps(configuration))
    run(folder, commands / "tsc")
    return folder


@pytest.mark.parametrize("program", ["tour_hey_api", "tour_openapi_fetch"])
def test_a_program_calls_the_operations(compiled, connector, program):
    """Uploads, runs, polls, cancels, downloads a range, lists and deletes; errors and a wrong key are reported."""
    output = run(compiled, BIN / "node", f"{program}.js", connector.url, connector.key)
    assert json.loads(output) == RESULT

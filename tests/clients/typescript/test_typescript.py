"""TypeScript: @hey-api/openapi-ts, and openapi-typescript with openapi-fetch, generate what a program calls a running
connector with.

From openapi.yaml, and from the documents that the app serves for generated clients and for agents. The programs beside
this module, and those of docs/clients.md, are compiled with the strictest checks: so the generated types have to be
those of the responses.
"""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from programs import ROOT

HERE = Path(__file__).parent
BIN = Path(sys.executable).parent
NODE_MODULES = BIN.parent / "node_modules"
COMPILER_OPTIONS = {
    "strict": True,
    "noUncheckedIndexedAccess": True,
    "target": "es2022",
    "module": "commonjs",
    "moduleResolution": "node10",
    "lib": ["es2022", "dom", "dom.iterable"],
    "types": ["node"],
    # Of packages, not of what is generated: that is no declaration file.
    "skipLibCheck": True,
}
FOR_AGENTS = "openapi.json"
DOCUMENTS = ("openapi.yaml", "openapi-full.json", FOR_AGENTS)
TOURS = ("tour_hey_api", "tour_openapi_fetch")
"""They also call operations that the agents' document does not have."""

SHOWN = ("shown_openapi_fetch", "shown_hey_api")
"""The programs of docs/clients.md, in its order."""

RESULT = {
    "connection": "Connected",
    "value": 3,
    "part": "234",
    "bytes": 10,
    "files": ["a.csv", "b.bin"],
    "started": [202, "Running"],
    "canceled": "Canceled",
    "deleted": 204,
    "missing": "FileNotFound",
    "refused": 401,
}
DONE = {
    "value": 3,
    "chart": "PNG",
    "files": [["a b.csv", 6]],
    "shared": "x\n1\n2\n",
    "started": [202, "Running"],
    "polled": "done",
    "failed": [200, "Failed", "ZeroDivisionError"],
    "deleted": 204,
    "missing": [404, "FileNotFound"],
    "ended": 204,
}


def run(folder, *command):
    """The output of a program that npm has installed."""
    environment = {"PATH": f"{BIN}:{os.environ['PATH']}", "HOME": str(folder)}
    completed = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=100, check=False
    )
    assert completed.returncode == 0, completed.stdout + completed.stderr
    return completed.stdout


def shown_programs(connector):
    """The programs of docs/clients.md by name, for this connector: in a function, as `await` needs one here."""
    page = (ROOT / "docs" / "clients.md").read_text(encoding="utf-8")
    programs = re.findall(r"<!-- run by tests/clients/typescript -->\n```ts\n(.*?)\n\n(.*?)```", page, re.DOTALL)
    for name, (imports, rest) in zip(SHOWN, programs, strict=True):
        for placeholder, value in (
            ("https://YOUR-APP.azurewebsites.net/api", connector.url),
            ('"KEY"', f'"{connector.key}"'),
        ):
            assert placeholder in rest
            rest = rest.replace(placeholder, value)
        yield name, f"{imports}\n\nasync function main() {{\n{rest}}}\nmain();\n"


@pytest.fixture(scope="module", params=DOCUMENTS)
def document(request):
    return request.param


@pytest.fixture(scope="module")
def compiled(document, connector, tmp_path_factory):
    """The folder with the generated clients and the programs, compiled."""
    folder = tmp_path_factory.mktemp("typescript")
    connector.save_document(document, folder)
    (folder / "node_modules").symlink_to(NODE_MODULES)
    commands = NODE_MODULES / ".bin"
    run(folder, commands / "openapi-ts", "-i", document, "-o", "client", "-c", "@hey-api/client-fetch")
    run(folder, commands / "openapi-typescript", document, "-o", "schema.ts")
    programs = dict(shown_programs(connector))
    for program in HERE.glob("*.ts"):
        if document != FOR_AGENTS or program.stem not in TOURS:
            programs[program.stem] = program.read_text(encoding="utf-8")
    for name, program in programs.items():
        (folder / f"{name}.ts").write_text(program, encoding="utf-8")
    files = [f"{name}.ts" for name in programs]
    (folder / "tsconfig.json").write_text(json.dumps({"compilerOptions": COMPILER_OPTIONS, "files": files}))
    run(folder, commands / "tsc")
    return folder


@pytest.mark.parametrize("document", DOCUMENTS[:2], indirect=True)
@pytest.mark.parametrize("program", TOURS)
def test_a_program_calls_the_operations(compiled, connector, program):
    """Uploads, runs, polls, cancels, downloads a range, lists and deletes; errors and a wrong key are reported."""
    output = run(compiled, BIN / "node", f"{program}.js", connector.url, connector.key)
    assert json.loads(output) == RESULT


def test_a_job_is_done(compiled, connector):
    """From a file to a chart, its bytes and a link, with a run that is polled, one that fails, and a missing file."""
    output = run(compiled, BIN / "node", "job_openapi_fetch.js", connector.url, connector.key)
    assert json.loads(output) == DONE


@pytest.mark.parametrize("program", SHOWN)
def test_what_the_page_shows_runs(compiled, program):
    """With the address and the key in their places."""
    assert run(compiled, BIN / "node", f"{program}.js") == "42\n"

"""`python -m azure_checks`, the first part of `make check-azure`."""

import os
import stat
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
AUTOGEN = "examples/autogen_web_api"


def check(home: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Runs the command without an installed compiler, except one that `environment` names."""
    paths = {"PATH": "/usr/bin:/bin", "HOME": str(home)}
    command = [sys.executable, "-m", "azure_checks"]
    return subprocess.run(command, cwd=ROOT, env=paths | environment, capture_output=True, text=True, timeout=60)


def test_without_a_compiler_one_line_says_so(tmp_path):
    """The other checks are made, and their result counts."""
    done = check(tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        "templates  0 findings in infra/ and azure.yaml",
        f"templates  0 findings in {AUTOGEN}/infra/ and {AUTOGEN}/azure.yaml",
        "compiler   not found: infra/ was not linted, and its compiled files may be stale",
    ]


def test_a_compiler_that_does_not_exist_fails_the_command(tmp_path):
    """If BICEP is set, its checks are never omitted."""
    done = check(tmp_path, BICEP="/nowhere/bicep")
    assert done.returncode == 1
    assert done.stderr == "BICEP is set to /nowhere/bicep, which is not a program. Correct it or unset it.\n"


def test_what_the_compiler_finds_fails_the_command(tmp_path):
    """A warning is a finding, information is not."""
    program = tmp_path / "compiler"
    program.write_text(
        "#!/bin/sh\n"
        'test "$1" = --version && echo "version 1" && exit 0\n'
        'echo "$PWD/main.bicep(1,1) : Info A: old" >&2; echo "$PWD/main.bicep(2,1) : Warning B: wrong" >&2\n'
    )
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    done = check(tmp_path, BICEP=os.fspath(program))
    assert done.returncode == 1
    assert done.stdout.splitlines() == [
        "infra/main.bicep line 1: Info A: old",
        "infra/main.bicep line 2: Warning B: wrong",
        "templates  1 finding in infra/ and azure.yaml",
        f"{AUTOGEN}/infra/main.bicep line 1: Info A: old",
        f"{AUTOGEN}/infra/main.bicep line 2: Warning B: wrong",
        f"templates  1 finding in {AUTOGEN}/infra/ and {AUTOGEN}/azure.yaml",
        "compiler   version 1: infra/ was linted, and its format and compiled files were checked",
    ]

"""`make template` writes main.json and the snapshots."""

import os
import subprocess
import sys
from pathlib import Path

from azure_checks.template import write

ROOT = Path(__file__).resolve().parents[2]


def test_only_what_changed_is_written(tmp_path, capsys):
    """Files that changed or are missing are written, snapshots without a scenario are deleted; each is reported."""
    scenarios = tmp_path / "scenarios"
    scenarios.mkdir()
    (tmp_path / "main.parameters.json").write_text("{}")
    (tmp_path / "main.json").write_text("old")
    (scenarios / "a.snapshot.json").write_text("same")
    (scenarios / "old.snapshot.json").write_text("old")
    current = {"main.json": "new", "scenarios/a.snapshot.json": "same", "scenarios/b.snapshot.json": "b"}
    write(tmp_path, current, "a/")
    assert {file: (tmp_path / file).read_text() for file in current} == current
    assert not (scenarios / "old.snapshot.json").exists()
    assert capsys.readouterr().out.splitlines() == [
        "wrote a/infra/main.json",
        "wrote a/infra/scenarios/b.snapshot.json",
        "deleted a/infra/scenarios/old.snapshot.json",
    ]


def test_without_a_compiler_nothing_is_written(tmp_path):
    """The message states how to get one. The command only needs Python."""
    command = [sys.executable, "-S", "-m", "azure_checks.template"]
    environment = {"PATH": str(tmp_path), "HOME": str(tmp_path)}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1 and done.stdout == ""
    assert "No Bicep compiler was found. Run `az bicep install`" in done.stderr
    assert os.listdir(tmp_path) == []

"""Where there is a compiler, it is asked."""

import os
import stat
from pathlib import Path

from azure_checks import compiler

ROOT = Path(__file__).resolve().parents[2]


def test_the_compilers_findings_are_taken(tmp_path, monkeypatch):
    """What bicep writes about a line is a finding, for build and for lint."""
    program = tmp_path / "bicep"
    program.write_text('#!/bin/sh\necho "main.bicep(1,1) : Warning $1: no" >&2\necho "an advertisement" >&2\n')
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    found = list(compiler.findings(ROOT / "infra" / "main.bicep"))
    assert found == ["main.bicep(1,1) : Warning build: no", "main.bicep(1,1) : Warning lint: no"]


def test_a_compiler_that_fails_is_a_finding(tmp_path, monkeypatch):
    """Whatever it writes: the templates were not compiled."""
    program = tmp_path / "bicep"
    program.write_text('#!/bin/sh\nif [ "$1" = build ]; then echo "cannot restore" >&2; fi\nexit 3\n')
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    built, linted = compiler.findings(ROOT / "infra" / "main.bicep")
    assert built.endswith("--stdout ended with 3: cannot restore")
    assert linted.endswith("ended with 3: it said nothing")


def test_without_a_compiler_there_are_no_findings(tmp_path, monkeypatch):
    """The other checks stand alone then."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    assert list(compiler.findings(ROOT / "infra" / "main.bicep")) == []

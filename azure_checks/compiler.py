"""Bicep's compiler: where it is installed, what it reports about infra/, and what it compiles infra/ to.

infra/main.json is main.bicep as ARM JSON, and so for each other template that azd deploys. Each
infra/scenarios/X.bicepparam has an X.snapshot.json, which lists every resource that such a deployment would create:
modules expanded, expressions evaluated.
"""

import json
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .compiled import deployed_templates, template_of

INSTALLED_WITH_OTHERS = (".azd/bin/bicep", ".azure/bin/bicep")
"""Where the Azure Developer CLI and the Azure CLI install the compiler, relative to the home folder."""

DEPLOYMENT = {
    "--subscription-id": "00000000-0000-0000-0000-000000000001",
    "--tenant-id": "00000000-0000-0000-0000-000000000002",
    "--location": "westeurope",
    "--deployment-name": "connector",
}
"""The deployment that the snapshots describe: the names and GUIDs in them are derived from these values."""

RESOURCE_GROUP = {"--resource-group": "rg-demo"}
"""Of the templates that are deployed to one, instead of a subscription."""

_TO_A_SUBSCRIPTION = re.compile(r"^targetScope = 'subscription'$", re.MULTILINE)

CONFIGURATION = "bicepconfig.json"
"""Bicep looks for it in the folder of the templates and in all that contain it."""

_DIAGNOSTIC = re.compile(r"(?P<file>.+)\((?P<line>\d+),\d+\) : (?P<level>Error|Warning|Info) (?P<message>.+)")


class CompilationFailed(Exception):
    """The compiler could not compile the templates."""


@dataclass
class Report:
    """What the compiler found: `findings` must be fixed, `notes` are for information."""

    findings: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def find_compiler() -> "Compiler | None":
    """The compiler that the environment variable BICEP names; else an installed one; else None.

    Raises FileNotFoundError if BICEP names no program.
    """
    if named := os.environ.get("BICEP"):
        if shutil.which(named) is None:
            raise FileNotFoundError(f"BICEP is set to {named}, which is not a program. Correct it or unset it.")
        return Compiler(named)
    for place in ("bicep", *(str(Path.home() / place) for place in INSTALLED_WITH_OTHERS)):
        if found := shutil.which(place):
            return Compiler(found)
    return None


class Compiler:
    """An installed compiler. It works on copies: no method changes the folder it is given."""

    def __init__(self, program: str) -> None:
        self._program = program

    def version(self) -> str:
        return self._run(Path.cwd(), "--version").stdout.strip()

    def check(self, infra: Path) -> Report:
        """Lints infra/; if that finds nothing, checks the format and whether the compiled files are current."""
        with _copy(infra) as copy:
            report = self._lint(copy)
        if not report.findings:
            report.findings += [*self._unformatted(infra), *self._stale(infra)]
        return report

    def compile(self, infra: Path) -> dict[str, str]:
        """The text of each template and of each snapshot, by path in infra/. Raises CompilationFailed."""
        names = deployed_templates(infra)
        with _copy(infra) as copy:
            scenarios = sorted(copy.glob("scenarios/*.bicepparam"))
            commands = [["build", f"{name}.bicep"] for name in names]
            commands += [["snapshot", str(path), "--mode", "overwrite", *_deployment(path)] for path in scenarios]
            with ThreadPoolExecutor(max_workers=2) as threads:
                for done in threads.map(lambda command: self._run(copy, *command), commands):
                    if done.returncode != 0:
                        raise CompilationFailed(_last_line(done))
            texts = {f"{name}.json": (copy / f"{name}.json").read_text(encoding="utf-8") + "\n" for name in names}
            for scenario in scenarios:
                snapshot = scenario.with_suffix(".snapshot.json")
                texts[f"scenarios/{snapshot.name}"] = _ordered(snapshot.read_text(encoding="utf-8"))
        return texts

    def _lint(self, copy: Path) -> Report:
        report = Report()
        done = self._run(copy, "lint", "--pattern", "**/*.bicep*")
        # A module is linted with each file that uses it: dict.fromkeys() removes the repetitions.
        for line in dict.fromkeys([*done.stdout.splitlines(), *done.stderr.splitlines()]):
            if match := _DIAGNOSTIC.fullmatch(line):
                file = os.path.relpath(match["file"], copy.resolve())
                text = f"infra/{file} line {match['line']}: {match['level']} {match['message']}"
                (report.notes if match["level"] == "Info" else report.findings).append(text)
        if done.returncode != 0 and not report.findings:
            report.findings.append(f"infra: bicep lint failed with {done.returncode}: {_last_line(done)}")
        return report

    def _unformatted(self, infra: Path) -> Iterator[str]:
        with _copy(infra) as copy:
            done = self._run(copy, "format", "--pattern", "**/*.bicep*")
            if done.returncode != 0:
                yield f"infra: bicep format failed with {done.returncode}: {_last_line(done)}"
            for path in sorted(copy.rglob("*.bicep*")):
                file = path.relative_to(copy)
                if path.read_text(encoding="utf-8") != (infra / file).read_text(encoding="utf-8"):
                    yield f"infra/{file} is not formatted. Run `bicep format infra/{file}`."

    def _stale(self, infra: Path) -> Iterator[str]:
        try:
            current = self.compile(infra)
        except CompilationFailed as failure:
            yield f"infra: compiling failed: {failure}"
            return
        committed = compiled_files(infra)
        for file in sorted(current.keys() | committed.keys()):
            if file not in current:
                yield f"infra/{file} belongs to no scenario. Run `make template`, which deletes it."
            elif file not in committed or _content(committed[file]) != _content(current[file]):
                yield f"infra/{file} is stale. Run `make template`, and review the difference."

    def _run(self, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([self._program, *arguments], cwd=folder, capture_output=True, text=True, timeout=120)


def compiled_files(infra: Path) -> dict[str, str]:
    """The text of each compiled file that infra/ has, by path in infra/."""
    templates = [path for name in deployed_templates(infra) if (path := infra / f"{name}.json").exists()]
    paths = [*templates, *infra.glob("scenarios/*.snapshot.json")]
    return {path.relative_to(infra).as_posix(): path.read_text(encoding="utf-8") for path in paths}


def _deployment(scenario: Path) -> list[str]:
    """The options that state what a scenario is deployed to."""
    template = scenario.parent.parent / f"{template_of(scenario)}.bicep"
    to_a_subscription = _TO_A_SUBSCRIPTION.search(template.read_text(encoding="utf-8"))
    options = DEPLOYMENT if to_a_subscription else DEPLOYMENT | RESOURCE_GROUP
    return [text for option in options.items() for text in option]


@contextmanager
def _copy(infra: Path) -> Iterator[Path]:
    """A temporary copy of the files that the compiler reads."""
    with tempfile.TemporaryDirectory(prefix="azure-checks-") as folder:
        copy = Path(folder).resolve()
        for path in (*infra.glob("*.bicep"), *infra.glob("scenarios/*.bicepparam")):
            target = copy / path.relative_to(infra)
            target.parent.mkdir(exist_ok=True)
            shutil.copyfile(path, target)
        nearest = (path for folder in (infra, *infra.parents) if (path := folder / CONFIGURATION).exists())
        if found := next(nearest, None):
            shutil.copyfile(found, copy / CONFIGURATION)
        yield copy


def _ordered(snapshot: str) -> str:
    """A snapshot in a stable order: the compiler writes the outputs in a different order each time."""
    content = json.loads(snapshot)
    content["predictedResources"].sort(key=lambda resource: resource["id"])
    content["outputs"] = dict(sorted(content["outputs"].items()))
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def _content(text: str) -> Any:
    """What a compiled file describes, without the version of the compiler that wrote it. None if it is not JSON."""
    try:
        return json.loads(text, object_hook=lambda read: {name: read[name] for name in read if name != "_generator"})
    except ValueError:
        return None


def _last_line(done: subprocess.CompletedProcess[str]) -> str:
    lines = done.stderr.strip().splitlines() or done.stdout.strip().splitlines()
    return lines[-1] if lines else "no message"

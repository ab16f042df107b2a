"""Bicep's compiler is found, and what it reports becomes findings."""

import shutil
import stat
from pathlib import Path

import pytest

from azure_checks import allowed_values
from azure_checks.compiled import read_compiled
from azure_checks.compiler import CONFIGURATION, CompilationFailed, Compiler, find_compiler
from azure_checks.template import write

ROOT = Path(__file__).resolve().parents[2]

ALERTS, MAIN, NETWORK = "alerts.bicep", "main.bicep", "network.bicep"
RESOURCES, VAULT = "resources.bicep", "vault.bicep"
IN_MODULES = {
    "a declaration that exists already": (RESOURCES, "resource logs ", "resource plan ", "BCP028"),
    "a symbol that does not exist": (RESOURCES, "split(existingPoolId", "split(existngPoolId", '"existngPoolId"'),
    "such a symbol in an interpolation": (RESOURCES, "'st${nameSuffix}'", "'st${nameSufix}'", '"nameSufix"'),
    "a member that the items of a loop do not have": (ALERTS, "rule.threshold", "rule.limit", '"limit"'),
    "a module that does not exist": (RESOURCES, "'network.bicep'", "'networks.bicep'", "BCP091"),
    "a function that does not exist": (NETWORK, "cidrSubnet(", "cidrSubnets(", '"cidrSubnets"'),
    "a module without its scope": (MAIN, "  scope: group\n", "", "BCP134"),
    "a string that does not end": (VAULT, "'signing-key'", "'signing-key", "BCP004"),
}
IN_MAIN = {
    "an unknown parameter of a module": (MAIN, "alertEmail: alertEmail", "alertMail: alertEmail", '"alertMail"'),
    "a missing parameter of a module": (MAIN, "    richResults: richResults\n", "", "BCP035"),
    "a parameter of a module with another type": (MAIN, "    tags: tags\n    n", "    tags: 1\n    n", "BCP036"),
    "an unknown output of a module": (MAIN, "outputs.functionUrl", "outputs.functionUri", '"functionUri"'),
    "a default of another type": (MAIN, "Enabled bool = false", "Enabled bool = 'false'", "BCP033"),
    "an output of another type": (MAIN, "AZURE_LOCATION string", "AZURE_LOCATION int", "BCP033"),
}
WARNINGS = {
    "a misspelled property": (RESOURCES, "poolManagementType", "poolManagmentType", 'mean "poolManagementType"'),
    "a property in another case": (NETWORK, "groupIds", "groupIDs", 'mean "groupIds"'),
    "an unknown property": (RESOURCES, "    httpsOnly: true", "    httpsOnly: true\n    wrong: 1", "BCP037"),
    "a missing property": (RESOURCES, "  location: location\n", "", "BCP035"),
    "a property that is read-only": (RESOURCES, "reserved: true", "status: 'Ready'", "BCP073"),
    "a string for an integer": (RESOURCES, "retentionInDays: 30", "retentionInDays: '30'", '"int | null"'),
    "a string for a boolean": (RESOURCES, "allow: false", "allow: 'false'", 'expected a value of type "bool"'),
    "a property that cannot be read": (RESOURCES, "properties.clientId", "properties.clientID", "BCP083"),
    "an unknown API version": (VAULT, "vaults@2026-02-01", "vaults@2026-02-02", "BCP081"),
    "a parameter that is not used": (MAIN, "richResults: richResults", "richResults: ''", "no-unused-params"),
    "a name that may be too short": (RESOURCES, "@minLength(3)\n", "", "BCP334"),
    "a secure parameter with a default": (
        MAIN,
        "Previous string = ''",
        "Previous string = 'x'",
        "secure-parameter-def",
    ),
    "a secret in an output": (MAIN, "= tenant().tenantId", "= signingKey", "outputs-should-not-contain-secrets"),
}
GROUPS = {"in modules": IN_MODULES, "in main.bicep": IN_MAIN, "warnings": WARNINGS}
"""Mistakes that are made at the same time: file, text, replacement, and a text that the finding must contain."""
MISSPELLED_VALUES = {
    "a container type": (RESOURCES, "'PythonLTS'", "'PythonLts'"),
    "an egress status": (RESOURCES, "'EgressEnabled'", "'EgresEnabled'"),
    "a principal type": (VAULT, "'ServicePrincipal'", "'ServicePrinciple'"),
    "a TLS version": (RESOURCES, "'TLS1_2'", "'TLS1_9'"),
}


def infra_with(folder: Path, *mistakes: tuple[str, ...]) -> Path:
    """A copy of infra/, with one scenario, in which texts in files were replaced."""
    infra = folder / "infra"
    shutil.copytree(ROOT / "infra", infra)
    shutil.copy(ROOT / CONFIGURATION, folder)
    for path in (infra / "scenarios").iterdir():
        if not path.name.startswith("everything."):
            path.unlink()
    for file, old, new, *_ in mistakes:
        text = (infra / file).read_text(encoding="utf-8")
        assert old in text, f"{file} does not contain {old!r}: adapt the test"
        (infra / file).write_text(text.replace(old, new, 1), encoding="utf-8")
    return infra


@pytest.fixture(scope="module")
def found(compiler, tmp_path_factory):
    """What the compiler finds in infra/ with all mistakes of a group."""
    return {
        group: compiler.check(infra_with(tmp_path_factory.mktemp("group"), *mistakes.values())).findings
        for group, mistakes in GROUPS.items()
    }


@pytest.mark.parametrize(("group", "mistake"), [(group, mistake) for group in GROUPS for mistake in GROUPS[group]])
def test_a_mistake_is_found(found, group, mistake):
    """The finding names the file. For most warnings the compiler itself exits with 0."""
    file, _, _, expected = GROUPS[group][mistake]
    assert any(f"infra/{file} line" in finding and expected in finding for finding in found[group]), found[group]


def test_a_misspelled_value_is_found_when_it_was_compiled(compiler, tmp_path):
    """The compiler accepts it; the check of the published types does not. Until then, the compiled files are stale."""
    infra = infra_with(tmp_path, *MISSPELLED_VALUES.values())
    assert compiler.check(infra).findings == [
        "infra/main.json is stale. Run `make template`, and review the difference.",
        "infra/scenarios/everything.snapshot.json is stale. Run `make template`, and review the difference.",
    ]
    write(infra, compiler.compile(infra))
    findings = list(allowed_values.findings(read_compiled(infra).snapshots["everything"]))
    for _, _, value in MISSPELLED_VALUES.values():
        assert any(f"is {value}, and must be one of" in finding for finding in findings), findings


def test_compiled_files_that_do_not_belong_to_infra_are_found(compiler, tmp_path):
    """A damaged file and one without a scenario. The compiler's version in a file is ignored."""
    infra = infra_with(tmp_path)
    (infra / "main.json").write_text((infra / "main.json").read_text().replace('"version": "0.', '"version": "9.'))
    (infra / "scenarios" / "everything.snapshot.json").write_text("{")
    (infra / "scenarios" / "old.snapshot.json").write_text("{}")
    assert compiler.check(infra).findings == [
        "infra/scenarios/everything.snapshot.json is stale. Run `make template`, and review the difference.",
        "infra/scenarios/old.snapshot.json belongs to no scenario. Run `make template`, which deletes it.",
    ]


def test_a_file_that_is_not_formatted_is_found(compiler, tmp_path):
    """Also a parameter file."""
    infra = infra_with(tmp_path, ("network.bicep", "param tags object", "param   tags object"))
    scenario = infra / "scenarios" / "everything.bicepparam"
    scenario.write_text(scenario.read_text().replace("param location =", "param location  ="))
    assert compiler.check(infra).findings == [
        f"infra/{file} is not formatted. Run `bicep format infra/{file}`."
        for file in ("network.bicep", "scenarios/everything.bicepparam")
    ]


@pytest.fixture
def program(tmp_path, monkeypatch):
    """Writes a shell script at a path in the home folder, which is empty otherwise; so is PATH."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.delenv("BICEP", raising=False)

    def write(place: str, script: str = "echo $0") -> str:
        path = tmp_path / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        return str(path)

    return write


@pytest.mark.parametrize("place", ["bin/bicep", ".azd/bin/bicep", ".azure/bin/bicep"])
def test_an_installed_compiler_is_found(program, place):
    """On PATH, or where azd or the Azure CLI installed it."""
    assert find_compiler() is None
    path = program(place)
    compiler = find_compiler()
    assert compiler is not None and compiler.version() == path


def test_bicep_names_the_compiler(program, monkeypatch):
    """The environment variable comes first, and must name a program."""
    program("bin/bicep")
    monkeypatch.setenv("BICEP", program("elsewhere/compiler"))
    compiler = find_compiler()
    assert compiler is not None and compiler.version().endswith("elsewhere/compiler")
    monkeypatch.setenv("BICEP", "nowhere/bicep")
    with pytest.raises(FileNotFoundError, match="BICEP is set to nowhere/bicep"):
        find_compiler()


def test_levels_are_distinguished(program, tmp_path):
    """Errors and warnings are findings, information is a note, and other lines are ignored."""
    script = """
        for level in Error Warning Info; do echo "$PWD/main.bicep(3,1) : $level X1: no" >&2; done
        echo "a new version is available" >&2
    """
    report = Compiler(program("bin/bicep", script)).check(infra_with(tmp_path))
    assert report.findings == [f"infra/main.bicep line 3: {level} X1: no" for level in ("Error", "Warning")]
    assert report.notes == ["infra/main.bicep line 3: Info X1: no"]


def test_a_compiler_that_fails_is_a_finding(program, tmp_path):
    """Regardless of its output: the templates were not checked."""
    infra = infra_with(tmp_path)
    failing = Compiler(program("bin/bicep", 'echo "cannot restore" >&2; exit 3'))
    assert failing.check(infra).findings == ["infra: bicep lint failed with 3: cannot restore"]
    with pytest.raises(CompilationFailed, match="cannot restore"):
        failing.compile(infra)
    silent = Compiler(program("bin/bicep", 'test "$1" = lint'))
    assert silent.check(infra).findings == [
        "infra: bicep format failed with 1: no message",
        "infra: compiling failed: no message",
    ]

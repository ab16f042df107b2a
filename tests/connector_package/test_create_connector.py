"""create_connector.sh calls pac and paconn as they want to be called; stand-ins for both check that."""

import json
import os
import pty
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from connector.contract.documents import Documents
from connector.contract.validation import read_document
from connector_package.package import POWER_PLATFORM, SCRIPT, Entra, FunctionKey, SignIn, write_package
from tests.connector_package.stand_ins import OPTIONS, PAC_ID, PACONN_ID, SECRET, calls, install

KEY = FunctionKey()
ENTRA = Entra("0d6d4b5c-1111-4222-8333-0123456789ab", "7f1e9a2b-4444-4555-8666-fedcba987654", "api://the-connector")
ENVIRONMENT = "Default-0d6d4b5c-1111-4222-8333-0123456789ab"
document = Documents(read_document()).makers


class Maker:
    """Someone who has written a package, and has some tools installed."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.package = folder, folder / "a package"
        self.programs, self.log, self.temporary = folder / "bin", folder / "log", folder / "tmp"
        self.temporary.mkdir()
        install(self.programs, self.log)
        for name in ("sh", "dirname", "cat", "grep", "sed", "awk", "mktemp", "rm", "stty"):
            (self.programs / name).symlink_to(shutil.which(name) or name)

    def has(self, *tools: str, sign_in: SignIn = KEY) -> "Maker":
        install(self.programs, self.log, *tools)
        write_package(self.package, "https://my-app.azurewebsites.net/api", sign_in, document)
        return self

    def environment(self, **variables: str) -> dict[str, str]:
        return {"PATH": str(self.programs), "TMPDIR": str(self.temporary), **variables}

    def runs(self, *options: str, **variables: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self.package / SCRIPT, *options],
            cwd=self.folder,
            env=self.environment(**variables),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=30,
        )

    def call(self, command: str) -> dict[str, Any]:
        (found,) = [call for call in calls(self.log) if call["command"] == command]
        assert found["folder"] == str(self.package)
        return found


@pytest.fixture
def maker(tmp_path: Path) -> Maker:
    return Maker(tmp_path)


def settings_of(properties: str) -> Any:
    return json.loads(properties)["properties"]["connectionParameters"]["token"]["oAuthSettings"]


def test_pac_creates_the_connector(maker):
    """In the environment that it has selected, which it shows before; the ID is in its output."""
    done = maker.has("pac", "paconn").runs()
    assert (done.returncode, done.stderr) == (0, "")
    assert [call["command"] for call in calls(maker.log)] == ["pac env who", "pac connector create"]
    call = maker.call("pac connector create")
    assert call["options"] == {
        "api_definition_file": "apiDefinition.swagger.json",
        "api_properties_file": "apiProperties.json",
        "icon_file": "icon.png",
    }
    assert done.stdout.index("Friendly Name: Contoso") < done.stdout.index(PAC_ID)
    assert "The connector was created." in done.stdout and "Redirect URL" not in done.stdout


def test_pac_updates_a_connector_in_a_given_environment_and_solution(maker):
    """The options reach pac by its own names for them."""
    options = ("--connector-id", PAC_ID, "--environment", ENVIRONMENT, "--solution", "Mine")
    done = maker.has("pac").runs(*options)
    assert (done.returncode, done.stderr) == (0, "")
    assert maker.call("pac env who")["options"] == {"environment": ENVIRONMENT}
    given = maker.call("pac connector update")["options"]
    assert (given["connector_id"], given["environment"]) == (PAC_ID, ENVIRONMENT)
    assert given["solution_unique_name"] == "Mine"
    assert "The connector was updated." in done.stdout


def test_paconn_creates_the_connector_if_there_is_no_pac(maker):
    """It signs in first, which does nothing if that is still valid, and writes the ID to settings.json."""
    done = maker.has("paconn").runs("--environment", ENVIRONMENT)
    assert done.returncode == 0, done.stderr
    assert [call["command"] for call in calls(maker.log)] == ["paconn login", "paconn create"]
    given = maker.call("paconn create")["options"]
    assert (given["env"], given["icon"]) == (ENVIRONMENT, "icon.png")
    assert PACONN_ID in (maker.package / "settings.json").read_text()


def test_paconn_does_not_create_it_twice(maker):
    """The message has the command that updates it, which works."""
    maker.has("pac", "paconn").runs("--tool", "paconn")
    again = maker.runs("--tool", "paconn")
    assert (again.returncode, len(calls(maker.log))) == (1, 2)
    found = re.search(r"\./create_connector\.sh (.*)$", again.stderr)
    assert found is not None
    updated = maker.runs(*found[1].split())
    assert updated.returncode == 0, updated.stderr
    assert maker.call("paconn update")["options"]["cid"] == PACONN_ID


# ---- Entra ID


def test_pac_gets_the_secret_in_a_file_that_does_not_stay(maker):
    """Any characters, as JSON; in no argument, and the package itself never has it."""
    done = maker.has("pac", sign_in=ENTRA).runs(CLIENT_SECRET=SECRET)
    assert done.returncode == 0, done.stderr
    call = maker.call("pac connector create")
    assert settings_of(call["files"]["api_properties_file"])["clientSecret"] == SECRET
    assert SECRET not in json.dumps(call["options"])
    assert list(maker.temporary.iterdir()) == []
    assert not any(b"clientSecret" in path.read_bytes() for path in maker.package.glob("*.json"))
    assert SECRET not in done.stdout + done.stderr
    assert "Redirect URL" in done.stdout and "Enter the client secret" not in done.stdout


def test_the_file_with_the_secret_is_removed_if_pac_fails(maker):
    """Whatever the reason."""
    done = maker.has("pac", sign_in=ENTRA).runs(CLIENT_SECRET=SECRET, REFUSE="pac connector create")
    assert done.returncode == 1
    assert list(maker.temporary.iterdir()) == []


def test_pac_needs_no_secret(maker):
    """Then it is entered later, on the page Security."""
    done = maker.has("pac", sign_in=ENTRA).runs()
    assert done.returncode == 0, done.stderr
    assert "clientSecret" not in maker.call("pac connector create")["files"]["api_properties_file"]
    assert "Enter the client secret" in done.stdout


def test_paconn_needs_the_secret_to_create(maker):
    """And an update without one keeps it."""
    refused = maker.has("paconn", sign_in=ENTRA).runs()
    assert refused.returncode == 1 and "CLIENT_SECRET" in refused.stderr
    created = maker.runs(CLIENT_SECRET=SECRET)
    assert created.returncode == 0, created.stderr
    assert maker.call("paconn create")["options"]["secret"] == SECRET
    assert maker.runs("--connector-id", PACONN_ID).returncode == 0
    assert "secret" not in maker.call("paconn update")["options"]


def test_the_secret_is_asked_for_in_a_terminal_and_not_shown(maker):
    """So that it is in no history of commands."""
    maker.has("pac", sign_in=ENTRA)
    terminal, end = pty.openpty()
    with subprocess.Popen(
        [maker.package / SCRIPT], env=maker.environment(), stdin=end, stdout=end, stderr=end, start_new_session=True
    ) as process:
        os.close(end)
        shown = b""
        while b"(not shown): " not in shown:
            shown += os.read(terminal, 4096)
        os.write(terminal, SECRET.replace("\\", "").encode() + b"\n")
        try:
            while chunk := os.read(terminal, 4096):
                shown += chunk
        except OSError:  # how Linux reports that the other end is closed
            pass
        assert process.wait(timeout=30) == 0, shown
    os.close(terminal)
    assert settings_of(maker.call("pac connector create")["files"]["api_properties_file"])["clientSecret"] == (
        SECRET.replace("\\", "")
    )
    assert b"secret.with" not in shown


# ---- what goes wrong


@pytest.mark.parametrize(
    ("tools", "options", "refuse", "words"),
    [
        ((), (), "", "Neither pac nor paconn is installed"),
        (("pac",), ("--tool", "paconn"), "", "paconn is not installed"),
        (("paconn",), ("--tool", "pac"), "", "pac is not installed"),
        (("pac",), ("--tool", "az"), "", "There is no tool 'az'"),
        (("pac",), ("--update",), "", "'--update' is not an option"),
        (("pac",), ("--environment",), "", "The option --environment has no value"),
        (("pac",), ("--connector-id", ""), "", "The option --connector-id has no value"),
        (("paconn",), ("--solution", "Mine"), "", "paconn does not know solutions"),
        (("pac",), (), "pac env who", "pac auth create --environment"),
        (("paconn",), (), "paconn login", "paconn login --force"),
        (("pac",), (), "pac connector create", "pac has reported the error above"),
        (("paconn",), (), "paconn create", "paconn has reported the error above"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_a_problem_is_reported_with_what_to_do(maker, tools, options, refuse, words):
    """In the last line, and the exit code is 1."""
    done = maker.has(*tools).runs(*options, REFUSE=refuse)
    assert done.returncode == 1
    assert words in done.stderr.splitlines()[-1]
    assert "was created" not in done.stdout


def test_a_missing_file_is_reported(maker):
    """Before any tool is called."""
    maker.has("pac")
    (maker.package / "apiProperties.json").unlink()
    done = maker.runs()
    assert done.returncode == 1 and "make connector-package" in done.stderr
    assert calls(maker.log) == []


def test_help_describes_all_options(maker):
    """And needs no tool."""
    done = maker.has().runs("--help")
    assert (done.returncode, done.stderr) == (0, "")
    script = (POWER_PLATFORM / SCRIPT).read_text()
    accepted = set(re.findall(r"--[a-z-]+(?=\)| \|)", script)) - {"--help"}
    assert accepted == {"--environment", "--connector-id", "--solution", "--tool"}
    assert all(option in done.stdout for option in accepted)


@pytest.mark.parametrize("name", ["readme.md", "mcp-readme.md"])
def test_commands_of_the_readme_have_options_that_the_tools_know(name):
    """Those for PowerShell, which are the script's own there; files that they name are in a package."""
    text = (POWER_PLATFORM / name).read_text(encoding="utf-8").replace("\n--settings", " --settings")
    commands = re.findall(r"\b(pac|paconn) ((?:auth create|connector \w+|login|create|update) ?[^`\n]*)", text)
    assert len(commands) >= 2
    for tool, rest in commands:
        command = next(each for each in OPTIONS[tool] if tuple(rest.split()[: len(each)]) == each)
        words = rest.split()[len(command) :]
        known = {option for names in OPTIONS[tool][command] for option in names.split()}
        assert {word for word in words if word.startswith("-")} <= known, rest
        files = {"apiDefinition.swagger.json", "apiProperties.json", "icon.png", "settings.json"}
        assert {word for word in words if word.endswith((".json", ".png"))} <= files

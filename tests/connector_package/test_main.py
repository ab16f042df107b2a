"""`make connector-package`, as a user runs it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.connector_package.stand_ins import OPTIONS

ROOT = Path(__file__).resolve().parents[2]
TENANT, CLIENT = "0d6d4b5c-1111-4222-8333-0123456789ab", "7f1e9a2b-4444-4555-8666-fedcba987654"


def package(*options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "connector_package", *options], cwd=ROOT, capture_output=True, text=True, timeout=60
    )


def test_command_writes_the_package_and_prints_the_next_steps(tmp_path):
    """It prints the folder, the URL, the way to sign in, and three steps; all files that these name exist."""
    folder = tmp_path / "a folder"
    completed = package("--url", "https://my-app.azurewebsites.net", "--output", str(folder))
    assert (completed.returncode, completed.stderr) == (0, "")
    assert json.loads((folder / "apiDefinition.swagger.json").read_text())["host"] == "my-app.azurewebsites.net"
    lines = completed.stdout.splitlines()
    assert lines[:4] == [
        f"package    {folder}",
        "connector  https://my-app.azurewebsites.net/api",
        "sign-in    function key",
        "",
    ]
    assert [line[:3] for line in lines if line[:1].isdigit()] == ["1. ", "2. ", "3. "]
    zips = [Path(line.strip()) for line in lines if line.endswith(".zip")]
    assert [path.name.partition("_")[0] for path in zips] == ["CodeInterpreterConnector", "CodeInterpreterFlows"]
    assert all(path.is_file() for path in zips)
    assert f"For agents in Copilot Studio, create the connector of {folder / 'mcp'} by a command of step 1." in lines
    assert "paste a function key" in completed.stdout and "client secret" not in completed.stdout


def test_commands_of_the_next_steps_can_be_copied(tmp_path):
    """That for a shell runs the script, and that for PowerShell names files of the package, in options of pac."""
    folder = tmp_path / "a maker's folder"
    lines = package("--url", "https://my-app.azurewebsites.net", "--output", str(folder)).stdout.splitlines()
    (shell,) = [line.split("macOS", 1)[1].strip() for line in lines if "macOS" in line]
    helped = subprocess.run(["sh", "-c", f"{shell} --help"], capture_output=True, text=True, timeout=30)
    assert helped.stdout.startswith("usage: "), helped.stderr
    (commands,) = [line.split("PowerShell", 1)[1].strip() for line in lines if "PowerShell" in line]
    place, create = commands.split("; pac auth create; pac connector create ")
    assert place == "cd '" + str(folder).replace("'", "''") + "'"
    options = create.split()
    assert set(options[::2]) <= {name for names in OPTIONS["pac"][("connector", "create")] for name in names.split()}
    assert all((folder / name).is_file() for name in options[1::2])


def test_command_writes_the_connector_of_the_mcp_server(tmp_path):
    """In a folder of its own, complete, for the same app and sign-in."""
    ids = ("--tenant-id", TENANT, "--client-id", CLIENT)
    completed = package("--url", "https://my-app.azurewebsites.net", "--auth", "entra", *ids, "--output", str(tmp_path))
    assert (completed.returncode, completed.stderr) == (0, "")
    names = {path.name for path in tmp_path.iterdir()}
    assert {path.name for path in (tmp_path / "mcp").iterdir()} == names - {"mcp", "solutions"}
    definition = json.loads((tmp_path / "mcp" / "apiDefinition.swagger.json").read_text())
    assert (definition["host"], list(definition["paths"])) == ("my-app.azurewebsites.net", ["/mcp"])
    assert [scheme["type"] for scheme in definition["securityDefinitions"].values()] == ["oauth2"]
    for name in ("apiProperties.json", "create_connector.sh", "icon.png", "settings.json"):
        assert (tmp_path / "mcp" / name).read_bytes() == (tmp_path / name).read_bytes()
    assert (tmp_path / "mcp" / "readme.md").read_text().startswith(f"# {definition['info']['title']}\n")


def test_steps_for_entra_id_include_the_redirect_url(tmp_path):
    """It exists when the connector does; the secret is entered where it is in no file and no history."""
    ids = ("--tenant-id", TENANT, "--client-id", CLIENT)
    completed = package("--url", "https://my-app.azurewebsites.net", "--auth", "entra", *ids, "--output", str(tmp_path))
    assert (completed.returncode, completed.stderr) == (0, "")
    first = completed.stdout.partition("2. ")[0]
    assert "Enter the client secret" in first and "Copy the Redirect URL" in first
    assert "--secret" not in completed.stdout and "function key" not in completed.stdout
    assert CLIENT in (tmp_path / "apiProperties.json").read_text()


@pytest.mark.parametrize(
    "options", [["--url", "http://127.0.0.1:7071"], ["--url", "https://my-app.azurewebsites.net", "--auth", "x"]]
)
def test_wrong_option_prints_one_line_and_writes_nothing(tmp_path, options):
    """The command exits with 1 and an error message, without a traceback and before anything is written."""
    folder = tmp_path / "package"
    completed = package(*options, "--output", str(folder))
    assert (completed.returncode, completed.stdout) == (1, "")
    assert completed.stderr.startswith("The connector package was not written. ")
    assert completed.stderr.count("\n") == 1
    assert not folder.exists()


def test_unwritable_folder_prints_an_error_message(tmp_path):
    """A file where the folder should be is reported without a traceback."""
    (tmp_path / "file").touch()
    completed = package("--url", "https://my-app.azurewebsites.net", "--output", str(tmp_path / "file"))
    assert completed.returncode == 1
    assert (
        completed.stderr.startswith("The connector package was not written. ") and "Traceback" not in completed.stderr
    )


@pytest.mark.parametrize(
    ("variables", "options"),
    [
        ([], ["--url ''", "--auth 'key'"]),
        (
            ["URL=u", "AUTH=entra", "TENANT_ID=t", "CLIENT_ID=c", "RESOURCE=r"],
            ["--url 'u'", "--auth 'entra'", "--tenant-id 't'", "--client-id 'c'", "--resource 'r'"],
        ),
    ],
    ids=["defaults", "all"],
)
def test_make_passes_all_options(variables, options):
    """make connector-package takes URL, AUTH, TENANT_ID, CLIENT_ID and RESOURCE; the default of AUTH is key."""
    names = ("URL", "AUTH", "TENANT_ID", "CLIENT_ID", "RESOURCE", "MAKEFLAGS")
    environment = {name: value for name, value in os.environ.items() if name not in names}
    recipe = subprocess.run(
        ["make", "--dry-run", "connector-package", *variables],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
    ).stdout
    assert all(option in recipe for option in options), recipe

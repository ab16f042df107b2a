"""`make connector-package`, as its user has it."""

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TENANT, CLIENT = "0d6d4b5c-1111-4222-8333-0123456789ab", "7f1e9a2b-4444-4555-8666-fedcba987654"


def package(*options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "connector_package", *options], cwd=ROOT, capture_output=True, text=True, timeout=60
    )


def test_the_command_writes_the_folder_and_says_what_is_next(tmp_path):
    """The folder is there, and the command says where, for which address, and how to import it."""
    folder = tmp_path / "a folder"
    done = package("--url", "https://my-app.azurewebsites.net", "--output", str(folder))
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads((folder / "apiDefinition.swagger.json").read_text())["host"] == "my-app.azurewebsites.net"
    assert done.stdout.splitlines() == [
        f"package    {folder}",
        "connector  https://my-app.azurewebsites.net/api",
        "sign-in    function key",
        f"next       cd '{folder}', then: paconn login; paconn create --settings settings.json",
    ]


def test_the_command_tells_that_a_secret_is_needed(tmp_path):
    """With Entra ID, the client secret goes to paconn."""
    ids = ("--tenant-id", TENANT, "--client-id", CLIENT)
    done = package("--url", "https://my-app.azurewebsites.net", "--auth", "entra", *ids, "--output", str(tmp_path))
    assert (done.returncode, done.stderr) == (0, "")
    assert "--secret CLIENT-SECRET" in done.stdout
    assert CLIENT in (tmp_path / "apiProperties.json").read_text()


def test_a_wrong_option_is_one_sentence_and_writes_nothing(tmp_path):
    """A wrong option ends the command with 1 and a sentence, without a traceback and before anything is written."""
    folder = tmp_path / "package"
    for options in (["--url", "http://127.0.0.1:7071"], ["--url", "https://my-app.azurewebsites.net", "--auth", "x"]):
        done = package(*options, "--output", str(folder))
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr.startswith("No connector package was written. ") and done.stderr.count("\n") == 1
        assert not folder.exists()


def test_a_folder_that_cannot_be_written_is_a_sentence(tmp_path):
    """A file in the folder's place is no reason for a traceback."""
    (tmp_path / "file").touch()
    done = package("--url", "https://my-app.azurewebsites.net", "--output", str(tmp_path / "file"))
    assert done.returncode == 1
    assert done.stderr.startswith("No connector package was written. ") and "Traceback" not in done.stderr


def test_make_passes_every_option_on():
    """make connector-package takes URL, AUTH, TENANT_ID, CLIENT_ID and RESOURCE; AUTH is key without one."""
    options = ("URL", "AUTH", "TENANT_ID", "CLIENT_ID", "RESOURCE", "MAKEFLAGS")
    environment = {name: value for name, value in os.environ.items() if name not in options}
    for given, expected in (
        ([], ["--url ''", "--auth 'key'"]),
        (["URL=u", "AUTH=entra", "TENANT_ID=t", "CLIENT_ID=c", "RESOURCE=r"], []),
    ):
        shown = subprocess.run(
            ["make", "--dry-run", "connector-package", *given],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
        ).stdout
        for option, value in (pair.lower().replace("_", "-").split("=") for pair in given):
            expected.append(f"--{option} '{value}'")
        assert all(option in shown for option in expected), shown

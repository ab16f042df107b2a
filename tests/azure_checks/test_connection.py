"""`make connection`, beside programs that stand for azd and the Azure CLI."""

import os
import re
import stat
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from azure_checks import connection as module

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def program(tmp_path):
    """Puts a shell script with this name before all others."""

    def write(name: str, script: str) -> None:
        path = tmp_path / name
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)

    return write


@pytest.fixture
def connection(tmp_path):
    """Runs the command as azd runs it: with a Python that has nothing but the standard library."""

    def run(*options: str, **environment: str) -> subprocess.CompletedProcess[str]:
        paths = {"PATH": f"{tmp_path}:/usr/bin:/bin", "HOME": str(tmp_path), "NO_PROXY": "127.0.0.1"}
        command = [sys.executable, "-S", "-m", "azure_checks.connection", "--wait", "0", *options]
        return subprocess.run(
            command, cwd=ROOT, env=paths | environment, capture_output=True, text=True, timeout=60
        )  # fmt: skip

    return run


def test_the_answer_is_shown_and_the_key_is_not(connection, program, api_with_key):
    """Address and names come from azd, the key from the Azure CLI; what CheckConnection says is shown."""
    url = api_with_key.url.removesuffix("/api")
    values = {"CONNECTOR_URL": url, "AZURE_FUNCTION_NAME": "func-x", "AZURE_SUBSCRIPTION_ID": "sub-x"}
    program("azd", "; ".join(f"echo '{name}=\"{value}\"'" for name, value in values.items()))
    program(
        "az",
        f'case "$*" in *"keys list --name func-x"*"--subscription sub-x"*) echo {api_with_key.key};; *) exit 1;; esac',
    )
    done = connection()
    assert (done.returncode, done.stderr) == (0, "")
    assert "connection  Connected: The session pool was reached" in done.stdout
    assert api_with_key.key not in done.stdout


def test_a_key_may_come_from_the_environment(connection, api_with_key):
    """Without azd and the Azure CLI, an address and CONNECTOR_KEY are enough."""
    done = connection("--url", api_with_key.url, CONNECTOR_KEY=api_with_key.key)
    assert (done.returncode, done.stderr) == (0, "")


def test_what_is_wrong_is_told(connection, api_without_role):
    """An error of the connector's ends the command with 1, its code and what to do about it."""
    done = connection("--url", api_without_role.url, CONNECTOR_KEY="none-needed-here")
    assert done.returncode == 1
    assert "failed with 403 SessionExecutorRoleMissing" in done.stdout
    assert "what to do  " in done.stdout


def test_a_wrong_key_is_told(connection, api_with_key):
    """The host's 401 has no body: the command tells the status and where to look."""
    done = connection("--url", api_with_key.url, CONNECTOR_KEY="wrong-key-of-mine")
    assert done.returncode == 1
    assert "failed with 401" in done.stdout and "docs/deploy.md" in done.stdout
    assert "wrong-key-of-mine" not in done.stdout + done.stderr


def test_a_token_is_asked_for_with_entra(connection, program, tmp_path):
    """With Entra sign-in the Azure CLI is asked for a token of the app registration."""
    program("az", f'echo "$*" > {tmp_path}/asked; echo token')
    connection("--url", "http://127.0.0.1:9", CONNECTOR_AUTH="entra", ENTRA_CLIENT_ID="an-id", AZURE_TENANT_ID="t")
    assert "get-access-token --scope api://an-id/.default --tenant t " in (tmp_path / "asked").read_text()


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ([], "run `azd up` first"),
        (["--url", "http://my-app.example"], "no https address"),
        (["--url", "https://my-app.example"], "install it, or set CONNECTOR_KEY"),
    ],
)
def test_what_cannot_be_called_is_a_sentence(connection, options, told):
    """No address, an address that would show the key, and no key end the command with 1 and a sentence."""
    done = connection(*options)
    assert done.returncode == 1
    assert told in done.stderr and "Traceback" not in done.stderr


def test_an_app_that_is_not_there_is_a_sentence(connection):
    """Nothing listens: no traceback."""
    done = connection("--url", "http://127.0.0.1:9", CONNECTOR_KEY="k")
    assert done.returncode == 1
    assert "cannot be reached" in done.stderr and "Traceback" not in done.stderr


def test_what_may_pass_by_is_asked_again(monkeypatch):
    """A role that has not arrived is waited for; what will not change by itself is told at once."""
    answers = [(403, {}), (500, {}), (502, {}), (200, {"status": "Connected"}), (401, {})]
    monkeypatch.setattr(module, "_call", lambda url, headers: answers.pop(0))
    monkeypatch.setattr(module, "PAUSE", 0.001)
    assert module.asked("https://x.example", {"CONNECTOR_KEY": "k"}, 60)[0] == 200
    assert module.asked("https://x.example", {"CONNECTOR_KEY": "k"}, 60)[0] == 401


def test_a_key_that_is_not_there_yet_is_asked_for_again(monkeypatch, program, tmp_path):
    """A host that has not started gives none."""
    program(
        "az", f"test -e {tmp_path}/asked && echo key || {{ touch {tmp_path}/asked; echo Bad Request >&2; exit 1; }}"
    )
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setattr(module, "_call", lambda url, headers: (200, dict(headers)))
    monkeypatch.setattr(module, "PAUSE", 0.001)
    with pytest.raises(module.NotYet, match="Bad Request"):
        module.asked("https://x.example", {}, 0)
    (tmp_path / "asked").unlink()
    assert module.asked("https://x.example", {}, 60) == (200, {"x-functions-key": "key"})


def test_a_key_goes_to_no_other_address(connection):
    """A redirect is not followed."""
    heard = []

    class Redirect(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            heard.append(self.path)
            self.send_response(302)
            self.send_header("Location", "/elsewhere")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Redirect) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        done = connection("--url", f"http://127.0.0.1:{server.server_port}", CONNECTOR_KEY="k")
        server.shutdown()
    assert heard == ["/api/connection"]
    assert done.returncode == 1 and "failed with 302" in done.stdout


def test_the_templates_output_what_is_read(compiled):
    """What the command and make read from azd is an output of main.bicep, in capitals, or set by the user."""
    outputs = compiled.template["outputs"].keys()
    assert all(re.fullmatch(r"[A-Z][A-Z_]*", name) for name in outputs)
    asked = re.findall(r'known\.get\("(\w+)"', (ROOT / "azure_checks" / "connection.py").read_text())
    asked += re.findall(r"\(call deployed,(\w+)\)", (ROOT / "Makefile").read_text())
    given = re.findall(r"\$\{(\w+)", (ROOT / "infra" / "main.parameters.json").read_text())
    assert set(asked) - {"CONNECTOR_KEY", "CONNECTOR_TOKEN", "AZURE_SUBSCRIPTION_ID"} <= outputs | set(given)


def test_make_takes_the_address_that_azd_knows(program, tmp_path):
    """make connector-package without URL is for the app that azd deployed, and its way to sign in."""
    program(
        "azd", 'printf \'CONNECTOR_URL="https://func-x.example"\\nCONNECTOR_AUTH="entra"\\nENTRA_CLIENT_ID="c"\\n\''
    )
    environment = {"PATH": f"{tmp_path}:{os.environ['PATH']}"}
    for given, expected in (
        ([], ["--url 'https://func-x.example'", "--auth 'entra'", "--client-id 'c'"]),
        (["URL=https://other.example"], ["--url 'https://other.example'", "--auth 'key'", "--client-id ''"]),
    ):
        command = ["make", "--dry-run", "connector-package", *given]
        shown = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60).stdout
        assert all(option in shown for option in expected), shown

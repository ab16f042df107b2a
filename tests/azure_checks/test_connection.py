"""`make connection`, with scripts in place of azd and the Azure CLI."""

import json
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
from emulator.blob_storage.roles import CONTRIBUTOR, DELEGATOR, Assignment

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def program(tmp_path):
    """Writes a shell script that is found before any installed program of its name."""

    def write(name: str, script: str) -> None:
        path = tmp_path / name
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)

    return write


@pytest.fixture
def connection(tmp_path):
    """Runs the command as azd does: with a Python that has only the standard library."""

    def run(*options: str, **environment: str) -> subprocess.CompletedProcess[str]:
        paths = {"PATH": f"{tmp_path}:/usr/bin:/bin", "HOME": str(tmp_path), "NO_PROXY": "127.0.0.1"}
        command = [sys.executable, "-S", "-m", "azure_checks.connection", "--wait", "0", *options]
        return subprocess.run(
            command, cwd=ROOT, env=paths | environment, capture_output=True, text=True, timeout=60
        )  # fmt: skip

    return run


def test_the_result_is_printed_without_the_key(connection, program, api_with_key):
    """URL and names come from azd, the key from the Azure CLI; the result of CheckConnection is printed."""
    url = api_with_key.url.removesuffix("/api")
    values = {"CONNECTOR_URL": url, "AZURE_FUNCTION_NAME": "func-x", "AZURE_SUBSCRIPTION_ID": "sub-x"}
    program("azd", "; ".join(f"echo '{name}=\"{value}\"'" for name, value in values.items()))
    program(
        "az",
        f'case "$*" in *"keys list --name func-x"*"--subscription sub-x"*) echo {api_with_key.key};; *) exit 1;; esac',
    )
    done = connection()
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("playground  http")
    assert "connection  Connected: The session pool was reached" in done.stdout
    assert api_with_key.key not in done.stdout


def test_the_key_can_be_set_in_the_environment(connection, api_with_key):
    """Without azd and the Azure CLI, a URL and CONNECTOR_KEY suffice."""
    done = connection("--url", api_with_key.url, CONNECTOR_KEY=api_with_key.key)
    assert (done.returncode, done.stderr) == (0, "")


def test_an_error_is_printed(connection, api_without_role):
    """The command exits with 1, and prints the error code and what to do."""
    done = connection("--url", api_without_role.url, CONNECTOR_KEY="not-required-here")
    assert done.returncode == 1
    assert "failed with 403 SessionExecutorRoleMissing" in done.stdout
    assert "what to do  " in done.stdout


def test_a_wrong_key_is_reported(connection, api_with_key):
    """The host's 401 has no body: the command prints the status and where to look."""
    done = connection("--url", api_with_key.url, CONNECTOR_KEY="a-wrong-key")
    assert done.returncode == 1
    assert "failed with 401" in done.stdout and "docs/deploy.md" in done.stdout
    assert "a-wrong-key" not in done.stdout + done.stderr


def test_a_token_is_requested_with_entra_id(connection, program, tmp_path):
    """With Entra ID, the Azure CLI is asked for a token for the app registration."""
    program("az", f'echo "$*" > {tmp_path}/asked; echo token')
    connection("--url", "http://127.0.0.1:9", CONNECTOR_AUTH="entra", ENTRA_CLIENT_ID="an-id", AZURE_TENANT_ID="t")
    assert "get-access-token --scope api://an-id/.default --tenant t " in (tmp_path / "asked").read_text()


def test_each_of_several_pools_is_printed(connection, start_connector, emulator):
    """With its name and tag. One that cannot be used is no reason to fail."""
    endpoint = emulator.environment["POOL_MANAGEMENT_ENDPOINT"]
    missing = "http://127.0.0.1:9/sessionPools/missing"
    api = start_connector(**{**emulator.environment, "POOL_MANAGEMENT_ENDPOINT": f"{endpoint},{missing}"})
    done = connection("--url", api.url, CONNECTOR_KEY="not-required-here")
    assert done.returncode == 0, done.stdout
    assert "Connected: 1 of 2 session pools can be used. Pool 2 (missing): " in done.stdout
    assert re.search(r"local [0-9a-f]{8}: available\n +missing [0-9a-f]{8}: not available\n", done.stdout)


def test_the_containers_of_storage_are_printed(connection, start_connector, emulator, start_storage):
    """With what to fix, which is no reason to fail."""
    storage = start_storage(roles=[Assignment(CONTRIBUTOR, "files"), Assignment(DELEGATOR)])
    api = start_connector(**emulator.environment, **storage.environment)
    done = connection("--url", api.url, CONNECTOR_KEY="not-required-here")
    assert done.returncode == 0, done.stdout
    files, imports = storage.environment["FILES_CONTAINER_URL"], storage.environment["IMPORT_CONTAINER_URLS"]
    assert f"storage     files {files}: available\n" in done.stdout
    assert f"storage     imports {imports}: not available. The connector's identity may not do this" in done.stdout


def test_storage_that_is_not_configured_is_printed(connection, api_with_key):
    """With what does not work then."""
    done = connection("--url", api_with_key.url, CONNECTOR_KEY=api_with_key.key)
    assert "storage     not configured: links end with their sessions" in done.stdout


def test_a_container_that_is_not_available_yet_is_waited_for(app, monkeypatch):
    """Its role may not have taken effect."""
    monkeypatch.setattr(module, "RETRY_SECONDS", 0.001)
    container = {"containerUrl": "https://x.example/files", "isAvailable": False}
    app.responses = [(200, "", {"storage": [container]}), (200, "", {"storage": [container | {"isAvailable": True}]})]
    _, body = module.check(f"http://127.0.0.1:{app.server_port}", {"CONNECTOR_KEY": "k"}, 60)
    assert body["storage"][0]["isAvailable"] and len(app.requests) == 2


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ([], "Run `azd up` first"),
        (["--url", "http://my-app.example"], "is not an https URL"),
        (["--url", "https://my-app.example"], "Install it, or set CONNECTOR_KEY"),
    ],
)
def test_an_app_that_cannot_be_called_is_a_message(connection, options, message):
    """No URL, a URL that would disclose the key, and no key: the command exits with 1 and a message."""
    done = connection(*options)
    assert done.returncode == 1
    assert message in done.stderr and "Traceback" not in done.stderr


def test_an_app_that_does_not_run_is_a_message(connection):
    """Nothing listens at the URL: there is no traceback."""
    done = connection("--url", "http://127.0.0.1:9", CONNECTOR_KEY="k")
    assert done.returncode == 1
    assert "cannot be reached" in done.stderr and "Traceback" not in done.stderr


@pytest.fixture
def app():
    """A server that takes the next of `responses` for each request, and keeps paths and keys in `requests`.

    A response is a status, a location and, if it has one, a body.
    """

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.server.requests.append((self.path, self.headers["x-functions-key"]))
            status, location, *bodies = self.server.responses.pop(0)
            self.send_response(status)
            self.send_header("Location", location)
            self.end_headers()
            self.wfile.write(b"".join(json.dumps(body).encode() for body in bodies))

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        server.requests, server.responses = [], []
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def test_temporary_failures_are_retried(app, monkeypatch):
    """A role that has not taken effect yet is waited for; other failures are reported immediately."""
    monkeypatch.setattr(module, "RETRY_SECONDS", 0.001)
    app.responses = [(status, "") for status in (403, 500, 502, 200, 401)]
    url = f"http://127.0.0.1:{app.server_port}"
    assert module.check(url, {"CONNECTOR_KEY": "k"}, 60)[0] == 200
    assert module.check(url, {"CONNECTOR_KEY": "k"}, 60)[0] == 401


def test_a_key_that_does_not_exist_yet_is_requested_again(app, monkeypatch, program, tmp_path):
    """A host that has not started has no key."""
    program(
        "az", f"test -e {tmp_path}/asked && echo key || {{ touch {tmp_path}/asked; echo Bad Request >&2; exit 1; }}"
    )
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setattr(module, "RETRY_SECONDS", 0.001)
    app.responses = [(200, "")]
    url = f"http://127.0.0.1:{app.server_port}"
    with pytest.raises(module.NotReady, match="Bad Request"):
        module.check(url, {}, 0)
    (tmp_path / "asked").unlink()
    assert module.check(url, {}, 60)[0] == 200
    assert app.requests == [("/", "key")]


def test_the_key_is_not_sent_elsewhere(app, connection):
    """A redirect is not followed."""
    app.responses = [(302, "/elsewhere")]
    done = connection("--url", f"http://127.0.0.1:{app.server_port}", CONNECTOR_KEY="k")
    assert app.requests == [("/api/connection", "k")]
    assert done.returncode == 1 and "failed with 302" in done.stdout


def test_the_templates_output_what_is_read(compiled):
    """What the command and make read from azd is an output of main.bicep, in capitals, or set by the user."""
    outputs = compiled.template["outputs"].keys()
    assert all(re.fullmatch(r"[A-Z][A-Z_]*", name) for name in outputs)
    read = re.findall(r'variables\.get\("(\w+)"', (ROOT / "azure_checks" / "connection.py").read_text())
    read += re.findall(r"\(call deployed,(\w+)\)", (ROOT / "Makefile").read_text())
    set_by_users = re.findall(r"\$\{(\w+)", (ROOT / "infra" / "main.parameters.json").read_text())
    assert set(read) - {"CONNECTOR_KEY", "CONNECTOR_TOKEN", "AZURE_SUBSCRIPTION_ID"} <= outputs | set(set_by_users)


def test_make_reads_the_url_from_azd(program, tmp_path):
    """make connector-package without URL is for the app that azd deployed, with its way of authentication."""
    program(
        "azd", 'printf \'CONNECTOR_URL="https://func-x.example"\\nCONNECTOR_AUTH="entra"\\nENTRA_CLIENT_ID="c"\\n\''
    )
    environment = {"PATH": f"{tmp_path}:{os.environ['PATH']}"}
    for arguments, expected in (
        ([], ["--url 'https://func-x.example'", "--auth 'entra'", "--client-id 'c'"]),
        (["URL=https://other.example"], ["--url 'https://other.example'", "--auth 'key'", "--client-id ''"]),
    ):
        command = ["make", "--dry-run", "connector-package", *arguments]
        printed = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60).stdout
        assert all(option in printed for option in expected), printed


def test_an_app_without_functions_is_reported(connection, app):
    """If the app cannot be imported, the host answers 404 to every URL."""
    app.responses = [(404, "")]
    done = connection("--url", f"http://127.0.0.1:{app.server_port}", CONNECTOR_KEY="k")
    assert done.returncode == 1
    assert "failed with 404" in done.stdout and "packages are for another Python version" in done.stdout
